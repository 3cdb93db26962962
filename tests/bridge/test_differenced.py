"""Which trainable numbers PennyLane's shift rules leave to finite differences: PennyLane is asked, operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.decompositions import parameters_left_to_differences
from qdiag.bridges.live.shift_rules import takes_differences
from qdiag.evaluation.evaluate import evaluate
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method

pytestmark = pytest.mark.stack

takes_definitions = pytest.mark.skipif(
    not hasattr(qml.operation.Operation, "compute_matrix"), reason="operations were written otherwise"
)


NUMBER: Any = qml.NumberOperator
POSITION: Any = getattr(qml, "QuadX", None) or qml.X
"""By their names in this version."""


class Turn(qml.operation.Operation):
    """A user's own rotation, of which no rule says how to shift it."""

    num_params = 1
    num_wires = 1

    @staticmethod
    def compute_matrix(angle: Any) -> Any:
        return qml.RY.compute_matrix(angle)

    @staticmethod
    def compute_decomposition(angle: Any, wires: Any) -> list[Any]:
        return [qml.RY(angle, wires=wires)]


class Ruled(Turn):
    """The same with frequencies, from which there is a rule."""

    parameter_frequencies = ((1,),)


class Layer(qml.operation.Operation):
    """A template: it has no derivative itself, and is taken apart."""

    num_params = 2
    num_wires = 1
    grad_method = None

    @staticmethod
    def compute_decomposition(first: Any, second: Any, wires: Any) -> list[Any]:
        return [qml.RX(first, wires=wires), Turn(2 * second, wires=wires)]


def tracked(value: float) -> Any:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def circuit(damping: Any) -> Circuit:
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        qml.RX(tracked(0.3), wires=0)
        qml.AmplitudeDamping(damping, wires=0)
        qml.expval(qml.PauliZ(0))
    return circuit_of(tape)


def test_a_trained_damping_rate_is_differenced_and_an_angle_is_not() -> None:
    assert parameters_left_to_differences(circuit(tracked(0.2)), False) == (1,)


@pytest.mark.parametrize(
    ("measurement", "left"),
    [
        (lambda: qml.expval(NUMBER(0)), ()),
        (lambda: qml.var(NUMBER(0)), (0, 1)),
        (lambda: qml.var(POSITION(0)), ()),
        (lambda: qml.expval(qml.FockStateProjector(np.array([1]), 0)), (0, 1)),
    ],
    ids=["second order", "variance of second order", "variance of first order", "no order"],
)
def test_on_modes_of_light_it_goes_by_what_is_measured(measurement: Any, left: tuple[int, ...]) -> None:
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        qml.Squeezing(tracked(0.3), tracked(0.2), wires=0)
        measurement()
    assert parameters_left_to_differences(circuit_of(tape), False) == left
    assert takes_differences(tape.operations, tape.measurements) is bool(left)


def test_a_constant_rate_is_nobodys_derivative() -> None:
    assert parameters_left_to_differences(circuit(0.2), False) == ()


def ran(*operations: Any) -> Circuit:
    """Each is a class and its numbers, on wire 0."""
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        for kind, *numbers in operations:
            kind(*numbers, wires=0)
        qml.expval(qml.PauliZ(0))
    return circuit_of(tape)


@takes_definitions
def test_an_operation_of_the_users_own_is_differenced_where_it_has_no_rule() -> None:
    assert parameters_left_to_differences(ran((qml.RX, tracked(0.3)), (Turn, tracked(0.2))), True) == (1,)
    assert parameters_left_to_differences(ran((qml.RX, tracked(0.3)), (Ruled, tracked(0.2))), True) == ()


@takes_definitions
def test_without_trust_nobody_is_asked() -> None:
    assert parameters_left_to_differences(ran((Turn, tracked(0.2))), False) == ()


@takes_definitions
def test_of_a_template_only_the_numbers_that_reach_such_an_operation_are_differenced() -> None:
    assert parameters_left_to_differences(ran((Layer, tracked(0.3), tracked(0.2))), True) == (1,)
    assert parameters_left_to_differences(ran((Layer, tracked(0.3), 0.2)), True) == ()


@pytest.mark.parametrize(("method", "said"), [("parameter-shift", True), ("backprop", False), ("finite-diff", False)])
def test_an_evaluation_says_that_its_shift_rule_took_differences(method: str, said: bool) -> None:
    cotangents = ((np.asarray(1.0),),)
    damped = evaluate(Request(circuit(tracked(0.2)), Method("default.mixed", method), cotangents=cotangents))
    assert damped.failure is None or not said
    assert damped.differenced is said
    assert not evaluate(Request(circuit(0.2), Method("default.mixed", method), cotangents=cotangents)).differenced


def test_outputs_alone_take_no_differences() -> None:
    assert not evaluate(Request(circuit(tracked(0.2)), Method("default.mixed", "parameter-shift"))).differenced


@pytest.mark.parametrize(("rate", "said"), [(tracked(0.2), True), (0.2, False)])
def test_a_live_circuit_says_it_of_what_the_user_tracks(rate: Any, said: bool) -> None:
    with flattening.stop_recording():
        assert takes_differences([qml.RX(tracked(0.3), wires=0), qml.AmplitudeDamping(rate, wires=0)]) is said


def test_an_operation_that_raises_when_it_is_asked_is_not_differenced() -> None:
    class Odd:
        @property
        def grad_method(self) -> str:
            raise RuntimeError("no")

    assert takes_differences([Odd()]) is False
