"""Only PennyLane's own refusal, wherever a method was asked, is called a refusal."""

from __future__ import annotations

import pytest

from qdiag.model.call import LOST, Failure
from qdiag.model.result import ReplaySummary
from qdiag.model.unanswered import Reason, Unanswered, reason_of
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT

IN_PENNYLANE = ("qdiag.bridges.running.run_circuit:_attempt:90", "pennylane.gradients.parameter_shift:_param_shift:412")
IN_OUR_CODE = ("qdiag.bridges.running.run_circuit:_attempt:90", "qdiag.bridges.interfaces.autograd_graph:vjp:50")
IN_NUMPY_FOR_US = (*IN_OUR_CODE, "numpy._core.shape_base:stack:460")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Failure("NotImplementedError", "Broadcasted tapes", IN_PENNYLANE, refusal=True), Reason.REFUSES),
        (Failure("RuntimeError", "invalid gradient at index 0", IN_PENNYLANE, "backward"), Reason.FAILED),
        (Failure("TimeoutError", "the evaluation took longer than 60 s", stage="timeout"), Reason.NOT_IN_TIME),
        (Failure(LOST, "the process was lost", stage="worker"), Reason.LOST),
        (Failure("PicklingError", "can't pickle", stage="worker"), Reason.OWN_FAULT),
        (Failure("UFuncTypeError", "Cannot cast", IN_OUR_CODE, "backward"), Reason.OWN_FAULT),
        (Failure("ValueError", "all input arrays must have the same shape", IN_NUMPY_FOR_US), Reason.OWN_FAULT),
        (Failure("MethodError", "the jax interface is recorded but not replayed", IN_OUR_CODE, refusal=True), Reason.NOT_REPLAYED),
    ],
)
def test_why_a_method_gave_nothing_is_told_from_its_exception(failure: Failure, reason: Reason) -> None:
    assert reason_of(failure) is reason


def summary(*unanswered: Unanswered) -> ReplaySummary:
    return ReplaySummary((BACKPROP, ADJOINT, SHIFT), 5, unanswered=unanswered)


def test_a_refusal_is_one_of_every_call_that_a_method_was_asked_at() -> None:
    no = Failure("E", "no", refusal=True)
    some, all_of_them = Unanswered(ADJOINT, Reason.REFUSES, no, (1,), 5), Unanswered(SHIFT, Reason.REFUSES, no, (0, 3), 2)
    assert [method for method, _ in summary(some, all_of_them).refused] == [SHIFT]


def test_a_method_that_fails_now_for_one_reason_and_now_for_another_answers_nothing() -> None:
    late = Unanswered(ADJOINT, Reason.NOT_IN_TIME, Failure("TimeoutError", "", stage="timeout"), (0,), 2)
    lost = Unanswered(ADJOINT, Reason.LOST, Failure(LOST, "", stage="worker"), (1,), 2)
    assert summary(late).answering == (BACKPROP, ADJOINT, SHIFT)
    assert summary(late, lost).answering == (BACKPROP, SHIFT)
