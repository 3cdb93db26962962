"""The second derivative by our own simulation, against what is known of rotations by heart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.judging.arbiter.second_derivative import second_derivative_of
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds import plain_steps, small_circuits
from tests.worlds.small_circuits import Z, combination, expval, gate


@pytest.fixture(autouse=True)
def no_pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_steps.without_pennylane(monkeypatch)


def of(*operations: Node, measured: tuple[Node, ...] = (expval(Z),)) -> Circuit:
    return small_circuits.circuit(*operations, measured=measured)


def trained(name: str, value: object) -> Node:
    return gate(name, value, trainable=True)


ONE = (np.array(1.0),)


@settings(max_examples=25)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-2, 2).map(lambda weight: round(weight, 9)))
def test_it_is_the_hessian_between_the_direction_and_itself(x: float, y: float, weight: float) -> None:
    made = of(trained("RX", x), trained("RY", y))
    found = second_derivative_of(made, (np.array(weight),))
    a, b = found.direction
    # the mean is cos(x) cos(y)
    exact = weight * (-(a * a + b * b) * math.cos(x) * math.cos(y) + 2 * a * b * math.sin(x) * math.sin(y))
    assert abs(found.value - exact) <= found.error + 1e-12
    assert found.error <= 1e-6 * (1 + abs(weight))
    assert found.reason == ""


def test_the_direction_is_the_one_that_methods_are_asked_about() -> None:
    made = of(trained("RX", 0.4), gate("RZ", 0.3), trained("RY", 0.7))
    np.testing.assert_array_equal(second_derivative_of(made, ONE).direction, np.ravel(plain_steps.direction_for(made)))


def test_a_loss_of_several_outputs_is_their_weighted_sum() -> None:
    made = of(trained("RX", 0.4), measured=(expval(Z), expval(combination((3.0, Z)))))
    alone = second_derivative_of(of(trained("RX", 0.4)), ONE)
    found = second_derivative_of(made, (np.array(2.0), np.array(-1.0)))
    assert found.value == pytest.approx((2 - 3) * alone.value)
    # an upper bound of the loss: |2| of 1, and |-1| of 3
    assert found.weight == pytest.approx(5.0)


def test_an_output_that_the_loss_does_not_see_counts_nothing() -> None:
    made = of(trained("RX", 0.4), measured=(expval(Z), expval(combination((3.0, Z)))))
    found = second_derivative_of(made, (None, np.array(1.0)))
    assert found.value == pytest.approx(3 * second_derivative_of(of(trained("RX", 0.4)), ONE).value)
    assert found.weight == pytest.approx(3.0)


def test_without_a_loss_there_is_a_seeded_one() -> None:
    made = of(trained("RX", 0.4))
    one, again = second_derivative_of(made), second_derivative_of(made)
    assert one.value == again.value
    weight = np.random.default_rng(1).standard_normal(())
    assert one.value == pytest.approx(float(weight) * second_derivative_of(made, ONE).value)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (of(gate("Mystery"), trained("RX", 0.4)), "Mystery cannot be taken apart"),
        (of(Node("StatePrep", (Parameter(np.array([0.6, 0.8]), "torch", True),), (Wires((0,)), ()), (0,))), "cannot be moved freely"),
    ],
    ids=["no simulation", "amplitudes"],
)
def test_where_there_is_none_it_says_why_and_has_no_number(made: Circuit, reason: str) -> None:
    found = second_derivative_of(made, ONE)
    assert reason in found.reason
    assert math.isnan(found.value)
    assert found.error == math.inf


def test_where_the_time_does_not_suffice_it_says_so() -> None:
    found = second_derivative_of(of(trained("RX", 0.4)), ONE, seconds=0.0)
    assert "takes too long" in found.reason
    assert math.isnan(found.value)
