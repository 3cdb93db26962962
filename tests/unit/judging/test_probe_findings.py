"""What live probes say, judged from numbers alone: no QNode, no fork."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest

from qdiag.judging import probe_evidence, probe_findings
from qdiag.model.call import Argument, Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, ProbedRows, Proof
from qdiag.trace import call_parser, call_text
from tests.worlds.methods import methods

OWN, ADJOINT, UNTRACKED = methods("default.qubit/backprop", "default.qubit/adjoint", "default.qubit/none")


def call() -> Call:
    source = SourceLine("train.py", 3)
    configuration = Configuration("circuit", source, "default.qubit", interface="torch", resolved="backprop", layer="TorchLayer")
    arguments = (Argument("inputs", "torch", "float64", (3, 3), True),)
    return Call(7, 0, SourceLine("train.py", 9), configuration, arguments, Circuit((), ()), ())


def argument(name: str = "scale", numerical: float = 0.5, **facts: Any) -> ProbedArgument:
    return replace(ProbedArgument(name, numerical, 1e-12, True, scale=2.0, moves=1.0, followed=True), **facts)


def probe(*arguments: ProbedArgument, own: tuple[float, ...] = (), other: Optional[tuple[float, ...]] = None, **facts: Any) -> Probe:
    methods = [ProbedMethod("backprop", own)]
    if other is not None:
        methods.append(ProbedMethod("adjoint", other))
    return replace(Probe(7, arguments, tuple(methods), complete=True), **facts)


def only(given: Probe) -> Divergence:
    (found,) = probe_findings.divergences(given, call())
    return found


def test_a_gradient_that_agrees_with_the_numerical_one_is_no_finding() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.5 + 1e-14,)), call()) == ()


def test_a_lost_gradient_is_an_error_at_that_argument() -> None:
    found = only(probe(argument("x"), argument("scale"), own=(0.5, 0.0)))
    assert (found.verdict, found.signature, str(found.comparison.element)) == (Verdict.ERROR, "vjp", "argument scale")
    assert found.comparison.values == (0.0, 0.5)
    assert found.wrong == (OWN,)


def test_all_methods_may_be_wrong_together() -> None:
    assert only(probe(argument(), own=(0.0,), other=(0.0,))).wrong == (OWN, ADJOINT)
    assert only(probe(argument(), own=(0.0,), other=(0.5,))).wrong == (OWN,)


def test_another_methods_fault_is_no_finding_of_the_probe_where_the_users_own_is_right() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.5,), other=(0.0,)), call()) == ()


def test_a_quotient_of_zero_proves_nothing_where_its_step_is_lost_beside_a_number_of_single_precision() -> None:
    own = replace(call().configuration, requested="finite-diff", resolved="finite-diff")
    made = replace(call(), configuration=own)

    def found(eps: float, followed: bool) -> int:
        given = probe(argument(followed=followed), own=(0.0,), eps=eps)
        given = replace(given, methods=(ProbedMethod("finite-diff", (0.0,)),))
        return len(probe_findings.divergences(given, made))

    assert (found(2.0**-52, True), found(2.0**-23, True), found(2.0**-23, False)) == (1, 0, 1)


def test_nan_where_the_numerical_slope_is_a_number_is_wrong() -> None:
    assert only(probe(argument(), own=(float("nan"),))).wrong == (OWN,)


@pytest.mark.parametrize("facts", [{"smooth": False}, {"error": float("inf")}, {"error": 1.0}])
def test_where_the_numerical_slope_is_not_known_nobody_is_wrong(facts: dict[str, Any]) -> None:
    assert probe_findings.divergences(probe(argument(**facts), own=(0.0,)), call()) == ()


def test_float32_may_miss_by_its_own_rounding() -> None:
    single = 2.0**-23
    assert probe_findings.divergences(probe(argument(), own=(0.5 + 10 * single,), eps=single), call()) == ()
    assert probe_findings.divergences(probe(argument(), own=(0.5 + 10 * single,)), call()) != ()


def shifted(damped: bool, gap: float, eps: float = 2.0**-52) -> int:
    """How many findings there are where parameter-shift misses by a gap; whether PennyLane differences a number of the circuit."""
    own = ProbedMethod("parameter-shift", (0.5 + gap,))
    at = call()
    at = replace(at, configuration=replace(at.configuration, resolved="parameter-shift"))
    seen = Probe(7, (argument(),), (own,), eps=eps, differenced=damped, complete=True)
    return len(probe_findings.divergences(seen, at))


def test_what_a_silent_finite_difference_leaves_out_is_no_lost_gradient() -> None:
    assert shifted(True, 4.6e-10) == shifted(True, 4e-8) == 0
    assert shifted(False, 4.6e-9) == shifted(False, 4e-8) == 1


def test_a_gradient_that_is_wrong_is_wrong_beside_finite_differences_too() -> None:
    assert shifted(True, 1e-3) == shifted(True, 0.02, eps=2.0**-23) == 1


def test_backprop_takes_no_differences_whatever_the_circuit_holds() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.5 + 4e-8,), differenced=True), call()) != ()


def test_an_output_may_differ_on_plain_numbers_by_an_inexact_matrix_exponential() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.5,), plain_gap=7e-11), call()) == ()
    assert probe_findings.divergences(probe(argument(), own=(0.5,), plain_gap=7e-9), call()) != ()


@pytest.mark.parametrize(("slope", "found"), [(0.49, 0), (0.0, 1)])
def test_a_finite_difference_is_wrong_only_where_it_says_exactly_zero(slope: float, found: int) -> None:
    own = replace(call().configuration, resolved="finite-diff")
    assert len(probe_findings.divergences(probe(argument(), own=(slope,)), replace(call(), configuration=own))) == found


def test_a_device_in_single_precision_may_miss_by_its_own_rounding() -> None:
    own = replace(call().configuration, device_precision="complex64")
    assert probe_findings.divergences(probe(argument(), own=(0.5 + 1e-6,)), replace(call(), configuration=own)) == ()


def test_a_method_that_refuses_is_not_wrong() -> None:
    refusing = replace(probe(argument(), own=(0.0,)), methods=(ProbedMethod("backprop", (0.0,)), ProbedMethod("adjoint", failure="no")))
    assert only(refusing).wrong == (OWN,)


def test_a_qnode_that_gives_other_outputs_each_time_is_not_judged() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.0,), repeatable=False), call()) == ()


def test_a_probe_that_knows_nothing_finds_nothing() -> None:
    assert probe_findings.divergences(Probe(7, note="killed"), call()) == ()


def test_rows_that_depend_on_each_other_come_before_a_gradient() -> None:
    found = only(probe(argument(), own=(0.0,), rows=3, mixing=0.1))
    assert (found.signature, found.wrong) == ("output", (OWN,))
    assert found.proof is Proof.MIXED_ROWS
    assert probe_evidence.is_proven(found)


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (ProbedRows("inputs", (3, 3), 3, row=0, result=2, tried=3), "another row 0 of the batch of 3 changes the result of row 2"),
        (ProbedRows("x", (3, 2), 2, row=1, result=0, tried=3, unused=1), "3 rows of x went in and 2 results came out"),
        (ProbedRows("x", (3, 2), 0, row=1, tried=3), "one single result came out"),
    ],
)
def test_it_is_said_which_row_moved_which_result_and_how_many_came_out(batch: ProbedRows, words: str) -> None:
    found = only(probe(argument(), own=(0.5,), rows=3, mixing=0.1, batch=batch))
    assert words in found.comparison.detail
    assert found.comparison.element is not None
    assert found.comparison.element.index == (batch.result,)
    (moved,) = probe_evidence.evidence(found)
    assert moved.experiment == f"another row {batch.row}"


def test_rows_that_move_by_rounding_are_not_mixed() -> None:
    assert probe_findings.divergences(probe(argument(), own=(0.5,), rows=3, mixing=1e-16), call()) == ()


def test_tracked_and_plain_outputs_must_agree() -> None:
    found = only(probe(argument(), own=(0.5,), plain_gap=0.1))
    assert (found.signature, found.comparison.methods) == ("output", (OWN, UNTRACKED))


def test_where_one_circuit_gives_two_results_plain_numbers_are_held_against_nobody() -> None:
    """PennyLane may be what makes another circuit of plain tensors: the script's own numbers are right then, and its slopes, too."""
    seen = probe(argument(numerical=0.1), own=(0.5,), plain_gap=0.1, same_circuit=True)
    assert probe_findings.divergences(seen, call()) == ()
    assert "nobody knows which is right" in probe_findings.doubt(seen, call())
    rounded = probe(argument(numerical=0.1), own=(0.5,), plain_gap=1e-16, same_circuit=True)
    assert probe_findings.divergences(rounded, call()) != ()


def test_a_probe_survives_the_way_into_the_trace() -> None:
    other = ProbedMethod("backprop", (float("nan"),))
    seen = probe(argument(error=float("inf"), restructured=True, aside=0.1), own=(0.0,), mixing=0.25, note="why")
    assert call_text.text_of(call_parser.value_from(Probe, call_text.text_of(replace(seen, untransformed=other)))).count("nan") == 1
    assert call_parser.value_from(Probe, call_text.text_of(seen)) == seen
