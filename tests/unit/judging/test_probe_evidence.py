"""Which experiments of a live probe leave no other explanation, and which do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.judging import probe_evidence
from qdiag.model.probe import ProbedMethod, Proof
from tests.unit.judging.test_probe_findings import argument, only, probe


def test_a_graph_that_ends_before_the_circuit_is_proof() -> None:
    cut = only(probe(argument(followed=False), own=(0.0,), other=(0.0,)))
    assert probe_evidence.is_proven(cut)
    assert [e.experiment for e in probe_evidence.evidence(cut)] == [
        "from the circuit's parameters back to the argument",
        "differentiated by adjoint",
    ]


def test_what_no_graph_follows_is_proof_where_putting_it_back_makes_the_gradient_right() -> None:
    cut = only(probe(argument(mended=0.0), own=(0.2,), other=(0.2,)))
    assert probe_evidence.is_proven(cut)
    first, _ = probe_evidence.evidence(cut)
    assert (first.experiment, first.before, first.after, first.holds) == ("their share of the gradient put back", 0.3, 0.0, True)


def test_it_is_none_where_the_gradient_stays_wrong() -> None:
    assert not probe_evidence.is_proven(only(probe(argument(mended=0.1), own=(0.2,))))
    assert not probe_evidence.is_proven(only(probe(argument(mended=0.1, followed=False), own=(0.0,))))


@pytest.mark.parametrize("facts", [{"followed": True}, {"followed": False, "moves": 0.0}])
def test_without_that_the_cause_is_not_proven(facts: dict[str, Any]) -> None:
    assert not probe_evidence.is_proven(only(probe(argument(**facts), own=(0.0,))))


def test_a_gradient_that_is_right_without_the_transforms_is_theirs_to_answer_for() -> None:
    bare = ProbedMethod("backprop", (0.5,))
    found = only(probe(argument(), own=(float("nan"),), other=(float("nan"),), untransformed=bare))
    assert (found.signature, found.comparison.max_abs) == ("nan", float("inf"))
    assert found.proof is Proof.TRANSFORMS
    assert probe_evidence.is_proven(found)
    first, _ = probe_evidence.evidence(found)
    assert (first.experiment, first.predicts, first.after) == ("transforms removed", "heals", 0.0)


def test_of_several_circuits_what_goes_back_to_them_may_be_wrong_as_well() -> None:
    found = only(probe(argument(), own=(0.25,), untransformed=ProbedMethod("backprop", (0.5,))))
    assert probe_evidence.is_proven(found)
    configuration = replace(found.call.configuration, made=("ExpectationMP",))
    assert not probe_evidence.is_proven(replace(found, call=replace(found.call, configuration=configuration)))


def test_transforms_without_which_it_is_as_wrong_are_not_blamed() -> None:
    found = only(probe(argument(), own=(0.25,), untransformed=ProbedMethod("backprop", (0.25,))))
    assert found.proof is Proof.NONE
    assert not probe_evidence.is_proven(found)


def quotients(*slopes: float) -> tuple[ProbedMethod, ...]:
    return tuple(ProbedMethod("finite-diff", (slope,)) for slope in slopes)


def test_a_quotient_of_zero_that_is_right_with_a_larger_step_is_wrong_for_its_step() -> None:
    found = only(replace(probe(argument(), own=(0.0,)), steps=quotients(0.49, 0.0)))
    assert found.proof is Proof.LARGER_STEP
    assert [(one.predicts, one.after, one.holds) for one in probe_evidence.evidence(found)] == [
        ("heals", pytest.approx(0.01), True),
        ("persists", 0.5, True),
    ]


@pytest.mark.parametrize("steps", [quotients(0.0, 0.0), quotients(0.49, 0.5), quotients(0.49)])
def test_one_that_other_steps_do_not_tell_apart_is_not(steps: tuple[ProbedMethod, ...]) -> None:
    assert only(replace(probe(argument(), own=(0.0,)), steps=steps)).proof is Proof.NONE


def test_a_gradient_that_is_lost_only_where_a_gate_is_left_out_is_a_switching_value() -> None:
    found = only(probe(argument(followed=False, restructured=True, aside=1e-15), own=(0.0,)))
    assert found.proof is Proof.STRUCTURE
    assert probe_evidence.is_proven(found)
    assert probe_evidence.evidence(found)[0].predicts == "heals"


def test_one_that_is_lost_beside_that_point_too_is_not() -> None:
    found = only(probe(argument(followed=False, restructured=True, aside=0.5), own=(0.0,)))
    assert found.proof is Proof.NONE
    assert not probe_evidence.is_proven(found)


def test_a_gradient_that_is_no_number_at_this_point_only_is_a_singular_formula() -> None:
    found = only(probe(argument(aside=1e-15), own=(float("nan"),)))
    assert found.proof is Proof.POINT
    assert probe_evidence.is_proven(found)
    assert not probe_evidence.is_proven(only(probe(argument(aside=0.5), own=(float("nan"),))))
