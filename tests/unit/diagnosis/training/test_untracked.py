"""QD803: no QNode is called with anything that is followed, and the optimiser gives everything back as it was."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.diagnosis.training.untracked import remarks
from qdiag.model.call import Event
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.training import ArgumentOrigin
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.recorded_trainings import CALLS, LOSS, Told, argument


def training(trainable: bool = False, returned: str = "a", tracked: bool = False) -> Told:
    told = Told()
    for number in range(3):
        told.calls_qnode(arguments=(ArgumentOrigin("w", tracked),), outputs=(tracked,))
        told.pennylane_step(argument("weights", "a", returned, trainable), number=number)
    return told


def test_of_what_is_not_marked_as_trainable() -> None:
    told = training()
    warned = "UserWarning: Attempted to differentiate a function with no trainable parameters."
    told.events.append(Event("shown", 0, warned))
    (found,) = remarks(told.history())
    assert (found.diagnosis.code, found.calls, found.warnings) == ("QD803", (0, 1, 2), (warned,))
    assert "(weights) is marked as trainable" in found.diagnosis.because


def test_of_what_is_trainable_and_not_what_the_qnode_is_called_with() -> None:
    (found,) = remarks(training(trainable=True).history())
    assert "no QNode is called with anything that autograd follows" in found.diagnosis.because


@pytest.mark.parametrize("told", [training(returned="b"), training(returned=""), training(tracked=True), Told()])
def test_is_not_said_where_something_moves_or_is_followed(told: Told) -> None:
    assert not list(remarks(told.history()))


def descent(*, tracked: bool = False, warns: bool = True, before: int = 1) -> Told:
    """Calls that are followed, then a gradient that PennyLane warns of, and the calls in it."""
    told = Told()
    for _ in range(before):
        told.calls_qnode(arguments=(ArgumentOrigin("w", True),), circuit=(0,), outputs=(True,))
    if warns:
        told.events.append(
            Event("shown", len(told.calls), "UserWarning: Attempted to differentiate a function with no trainable parameters.")
        )
    for _ in range(2):
        told.calls_qnode(arguments=(ArgumentOrigin("w", tracked),), outputs=(tracked,))
    return told


@pytest.mark.parametrize("before", [0, 1])
def test_of_a_gradient_by_nothing_in_a_descent_by_hand(before: int) -> None:
    (found,) = remarks(descent(before=before).history())
    assert (found.diagnosis.code, found.calls, found.places) == ("QD803", (before, before + 1), (CALLS,))
    assert "gives back an empty tuple" in found.diagnosis.because


def test_of_a_gradient_by_nothing_whose_calls_were_not_looked_at() -> None:
    told = descent()
    told.events = [event for event in told.events if event.kind != "origins" or event.number == 0]
    (found,) = remarks(told.history())
    assert found.calls == (1,)


@pytest.mark.parametrize("told", [descent(tracked=True), descent(warns=False), descent(warns=False, before=0)])
def test_a_descent_by_hand_with_something_to_go_by_is_none(told: Told) -> None:
    assert not list(remarks(told.history()))


class Differentiates(FakeEvaluator):
    """Gives one and the same derivative by every number that is tracked."""

    def __init__(self, slope: float) -> None:
        self.slope = slope
        self.asked: list[Request] = []

    def evaluate(self, request: Request) -> Evaluation:
        self.asked.append(request)
        vjps = (tuple(np.array(self.slope) for _ in request.circuit.trainable),)
        return Evaluation(request.method, (np.array(0.5),), vjps)


def fed(*values: float) -> Told:
    """Steps that are given two numbers, and circuits that hold some."""
    told = Told()
    for number in range(2):
        told.calls_qnode(constants=(0.3, *values), arguments=(ArgumentOrigin("w", False),), outputs=(False,))
        told.pennylane_step(argument("weights", "a", "a", False, (0.1234, 0.4321)), number=number)
    return told


def test_is_proved_by_the_derivative_of_the_same_circuit_with_its_numbers_tracked() -> None:
    evaluator = Differentiates(0.7)
    (found,) = remarks(fed(0.1234, 0.4321).history(evaluator=evaluator))
    assert found.verdict is Verdict.ERROR
    assert [request.circuit.trainable for request in evaluator.asked] == [(1, 2)]
    assert [(evidence.before, evidence.after) for evidence in found.diagnosis.evidence] == [(0.0, 0.7)]


def test_is_not_proved_by_numbers_that_are_others_or_have_no_derivative() -> None:
    (others,) = remarks(fed(0.1234, 0.5).history(evaluator=Differentiates(0.7)))
    (flat,) = remarks(fed(0.1234, 0.4321).history(evaluator=Differentiates(0.0)))
    assert (others.verdict, flat.verdict) == (Verdict.REMARK, Verdict.REMARK)
    assert (others.diagnosis.evidence, flat.diagnosis.evidence) == ((), ())


def dead(*, tracked: bool, failure: str) -> Told:
    told = Told()
    told.calls_qnode(outputs=(False,))
    told.root(tracked=tracked, failure=failure)
    return told


def test_of_a_loss_from_which_torch_refuses_to_go_backward() -> None:
    (found,) = remarks(dead(tracked=False, failure="RuntimeError: element 0 of tensors does not require grad").history())
    assert found.places == (LOSS, CALLS)
    assert not list(remarks(dead(tracked=True, failure="RuntimeError: another").history()))
