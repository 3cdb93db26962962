"""What transforms made of circuits: which changes count, how large one must be, and what taking the transforms off shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.judging import transform_findings
from qdiag.judging.arbiter.reference import Reference
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Outcome
from qdiag.model.node import Node, Wires
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.scripted import answer, call, circuit
from tests.worlds.small_circuits import gate


class Simulated(FakeEvaluator):
    """A reference that gives the cosine of a circuit's angle, and methods that are right unless told otherwise."""

    def __init__(self, off: float = 0.0) -> None:
        self.off = off
        self.shots: list[tuple[int, ...]] = []

    def evaluate(self, request: Request) -> Evaluation:
        right = answer(request)
        return replace(right, outputs=tuple(output + self.off for output in right.outputs or ()))

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        ran: Circuit = arguments[0]
        self.shots.append(ran.shots)
        return Reference((np.cos(ran.parameters[0].value),), (1e-15,), (1.0,))


def transformed(written: float, ran: float, *transforms: str, kinds: tuple[str, ...] = (), **changes: Any) -> Call:
    found = call(0, circuit(ran), written=circuit(written))
    configuration = replace(found.configuration, transforms=transforms or ("merge_rotations",), transform_kinds=kinds)
    return replace(found, configuration=configuration, **changes)


def verdict(one: Call) -> Optional[Verdict]:
    found = transform_findings.divergence(one, Simulated())
    return None if found is None else found.verdict


def test_results_that_are_not_those_of_the_circuit_as_written_are_an_error_of_a_transform_that_promised_them() -> None:
    found = transform_findings.divergence(transformed(0.3, 0.5), Simulated())
    assert found is not None
    assert (found.verdict, found.signature, found.wrong, found.rewritten, found.outside) == (
        Verdict.ERROR, Signature.OUTPUT, (), True, True,
    )  # fmt: skip
    assert found.comparison.max_abs == pytest.approx(np.cos(0.3) - np.cos(0.5))
    assert found.judged == (
        "the circuit as it ran gives 0.877583, the one that was written 0.955336, by our own simulation in double precision"
    )


def test_equal_results_are_nothing_however_the_circuit_looks() -> None:
    assert verdict(transformed(0.3, 0.3)) is None


def test_half_of_the_digits_may_be_lost_in_working_out_angles() -> None:
    assert verdict(transformed(0.3, 0.3 + 1e-8)) is None
    assert verdict(transformed(0.3, 0.3 + 1e-5)) is Verdict.ERROR


@pytest.mark.parametrize(
    ("names", "kinds", "expected"),
    [
        (("merge_rotations",), ("preserving",), Verdict.ERROR),
        (("merge_rotations", "add_noise"), ("preserving", "changing"), None),
        (("metric_tensor",), ("remaking",), None),
        (("mine",), ("unknown",), Verdict.REMARK),
        (("merge_rotations", "mine"), ("preserving", "unknown"), Verdict.REMARK),
        (("merge_rotations",), (), Verdict.ERROR),
    ],
)
def test_only_what_promises_to_leave_results_alone_is_held_to_it(
    names: tuple[str, ...], kinds: tuple[str, ...], expected: Optional[Verdict]
) -> None:
    assert verdict(transformed(0.3, 0.5, *names, kinds=kinds)) is expected


def test_a_change_that_the_user_asked_for_is_none() -> None:
    one = transformed(0.3, 0.303)
    asked = replace(one, configuration=replace(one.configuration, transform_options=(("merge_rotations.atol", 0.01),)))
    assert verdict(one) is Verdict.ERROR
    assert verdict(asked) is None


def test_sampled_circuits_are_simulated_without_their_shots() -> None:
    evaluator = Simulated()
    one = transformed(0.3, 0.5)
    sampled = replace(one, circuit=replace(one.circuit, shots=(10,)), written=circuit(0.3, shots=(10,)))
    assert transform_findings.divergence(sampled, evaluator) is not None
    assert evaluator.shots == [(), ()]


def test_where_our_simulation_of_what_ran_is_not_what_the_script_got_nothing_follows() -> None:
    assert verdict(transformed(0.3, 0.5, outputs=(np.cos(0.3),))) is None
    assert verdict(transformed(0.3, 0.5, outputs=(np.cos(0.5),))) is Verdict.ERROR


def test_sampled_circuits_with_measurements_in_the_middle_are_not_judged() -> None:
    one = transformed(0.3, 0.5)
    midway = Node("MidMeasureMP", (), (Wires((0,)), ()), (0,))
    written = replace(circuit(0.3, shots=(10,)), operations=(*circuit(0.3).operations, midway))
    assert verdict(replace(one, circuit=replace(one.circuit, shots=(10,)), written=written)) is None


def test_a_common_phase_of_a_state_means_nothing() -> None:
    state = np.array([0.6, 0.8j])
    measured = Circuit((gate("RY", 0.3),), (replace(circuit(0.3).measurements[0], name="StateMP"),))
    (turned,) = transform_findings._aligned([state * np.exp(0.7j)], [state], measured)
    assert turned == pytest.approx(state)


# --- several circuits ----------------------------------------------------------------------------------------------------------


def split(written: float, outputs: float) -> Call:
    found = call(0, circuit(written), outputs=(np.array(outputs),))
    return replace(found, configuration=replace(found.configuration, transforms=("split_non_commuting",), made=("ExpectationMP",)))


def test_results_that_were_put_together_from_several_circuits_are_held_against_the_one_that_was_written() -> None:
    assert verdict(split(0.3, float(np.cos(0.3)))) is None
    assert verdict(split(0.3, 0.5)) is Verdict.ERROR


def test_where_the_own_method_has_the_written_one_wrong_it_is_not_the_transform() -> None:
    assert transform_findings.divergence(split(0.3, 0.5), Simulated(off=0.2)) is None


# --- taking them off -----------------------------------------------------------------------------------------------------------


def test_without_the_transforms_the_own_method_gives_what_was_meant() -> None:
    one = transformed(0.3, 0.5)
    found = transform_findings.divergence(one, Simulated())
    assert found is not None
    (tried,) = transform_findings.evidence(found, Simulated())
    assert (tried.experiment, tried.predicts, tried.holds) == ("merge_rotations removed", Outcome.HEALS, True)
    (tried,) = transform_findings.evidence(found, Simulated(off=0.2))
    assert not tried.holds
