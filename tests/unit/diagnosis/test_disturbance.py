"""A measurement that comes out otherwise beside others than alone: which it is, which others it takes, and what is no such thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Optional

import numpy as np
import pytest

from qdiag.diagnosis.disturbance import Disturbance, disturbance_of
from qdiag.judging.question import Question, observe
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import ARBITER
from qdiag.model.node import Node, nodes_of
from qdiag.model.variants import with_trainable
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.small_circuits import circuit, combination, expval, gate, probs

X, Z0, Z1, READ = expval(gate("PauliX")), expval(gate("PauliZ")), expval(gate("PauliZ", wires=(1,))), probs(0)

Errors = Callable[[tuple[Node, ...]], tuple[float, ...]]
"""From what is measured to how far each result is off."""


def turned(measured: tuple[Node, ...]) -> tuple[float, ...]:
    """A device that reads probabilities in the basis of X, wherever that is measured."""
    off = any(node.name == "PauliX" for one in measured for node in nodes_of(one))
    return tuple(0.1 if off and one.name == "ProbabilityMP" else 0.0 for one in measured)


class Reading(FakeEvaluator):
    """Adjoint is off by what the errors say, in its outputs or in its gradients alone."""

    def __init__(self, errors: Errors, *, gradients: bool = False) -> None:
        self.errors, self.gradients, self.asked = errors, gradients, 0

    def evaluate(self, request: Request) -> Evaluation:
        self.asked += 1
        measured = request.circuit.measurements
        errors = self.errors(measured) if request.method == ADJOINT else (0.0,) * len(measured)
        outputs = tuple(np.array(0.3 + (0.0 if self.gradients else error)) for error in errors)
        numbers = [float(request.circuit.parameters[i].value) for i in request.circuit.trainable]
        slopes = tuple(tuple(np.array(number + error) for number in numbers) for error in errors)
        return Evaluation(request.method, outputs, jacobian=slopes if request.jacobian else None, norms=(1.0,) * len(measured))


def measuring(*measured: Node) -> Circuit:
    return circuit(gate("RX", 0.3, trainable=True), measured=measured, returns="tuple")


def seen(evaluator: FakeEvaluator, *measured: Node, sides: tuple[int, ...] = (0,)) -> Optional[Disturbance]:
    question = Question(measuring(*measured), (ADJOINT, BACKPROP))
    return disturbance_of(question, observe(question, evaluator).comparison, sides, evaluator)


@pytest.mark.parametrize("gradients", [False, True], ids=["outputs", "gradients"])
def test_a_result_that_is_another_alone_is_disturbed(gradients: bool) -> None:
    assert seen(Reading(turned, gradients=gradients), X, READ) == Disturbance(1, (0,), ADJOINT)
    assert seen(Reading(turned, gradients=gradients), READ, X) == Disturbance(0, (1,), ADJOINT)


def test_among_many_the_one_that_disturbs_is_found() -> None:
    assert seen(Reading(turned), Z0, Z1, READ, Z0, X, Z1) == Disturbance(2, (4,), ADJOINT)


def test_where_it_takes_two_both_are_named() -> None:
    def crowded(measured: tuple[Node, ...]) -> tuple[float, ...]:
        return tuple(0.1 if len(measured) > 2 and one is READ else 0.0 for one in measured)

    assert seen(Reading(crowded), Z0, READ, Z1) == Disturbance(1, (0, 2), ADJOINT)


def test_a_result_that_is_wrong_alone_as_well_is_not_disturbed() -> None:
    wrong: Errors = lambda measured: tuple(0.1 if one is READ else 0.0 for one in measured)  # noqa: E731
    assert seen(Reading(wrong), X, READ) is None


def test_rounding_that_goes_another_way_in_company_is_no_disturbance() -> None:
    def rough(measured: tuple[Node, ...]) -> tuple[float, ...]:
        return tuple((0.1 + 6e-8 * len(measured)) if one is READ else 0.0 for one in measured)

    assert seen(Reading(rough), X, READ) is None


def test_a_lone_measurement_asks_for_nothing() -> None:
    evaluator = Reading(lambda measured: (0.1,))
    question = Question(measuring(READ), (ADJOINT, BACKPROP))
    comparison = observe(question, evaluator).comparison
    evaluator.asked = 0
    assert disturbance_of(question, comparison, (0,), evaluator) is None
    assert evaluator.asked == 0


def test_where_it_cannot_be_measured_alone_nobody_knows() -> None:
    class Refusing(Reading):
        def evaluate(self, request: Request) -> Evaluation:
            found = super().evaluate(request)
            alone = len(request.circuit.measurements) == 1
            return replace(found, failure=Failure("DeviceError", "no")) if alone else found

    assert seen(Refusing(turned), X, READ) is None


def test_the_arbiter_disturbs_nothing() -> None:
    evaluator = Reading(turned)
    question = Question(measuring(X, READ), (ADJOINT, BACKPROP))
    comparison = observe(question, evaluator).comparison
    assert disturbance_of(replace(question, methods=(ARBITER, ADJOINT)), comparison, (0,), evaluator) is None


def test_gradients_by_the_numbers_of_another_measurement_are_left_out() -> None:
    wrong: Errors = lambda measured: tuple(0.1 if len(one.wires) == 1 and one.wires[0] == 1 else 0.0 for one in measured)  # noqa: E731
    evaluator = Reading(wrong, gradients=True)
    first, second = (expval(combination((weight, gate("PauliZ", wires=(wire,))))) for wire, weight in ((0, 0.7), (1, 0.9)))
    question = Question(with_trainable(measuring(first, second), (0, 1, 2)), (ADJOINT, BACKPROP))
    assert disturbance_of(question, observe(question, evaluator).comparison, (0,), evaluator) is None
