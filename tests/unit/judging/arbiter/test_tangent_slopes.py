"""Derivatives along directions by tangents: what they cost, that they are right within their error bars, and what is left to others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.judging.arbiter.circuit_function import Simulation, Space
from qdiag.judging.arbiter.directions import CROSS_CHECKED, Allowance, directions_for, slopes_along
from qdiag.judging.arbiter.tangent_slopes import has_laws, tangent_slopes
from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Node, Wires
from qdiag.model.numerics import gate_slopes, gates
from qdiag.model.numerics.derivative import derivative
from qdiag.model.numerics.states import Factor
from qdiag.model.parameter import Parameter
from qdiag.trace.keys import circuit_key
from tests.worlds import plain_steps
from tests.worlds.dense import random_hermitian, random_unitary
from tests.worlds.small_circuits import Z, circuit, combination, expval, gate, probs

SEEDS = st.integers(0, 10**6)


@pytest.fixture(autouse=True)
def no_pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_steps.without_pennylane(monkeypatch)


def trained(name: str, *values: Any, wires: tuple[int, ...] = (0,)) -> Node:
    return gate(name, *values, wires=wires, trainable=True)


def matrix(name: str, value: np.ndarray, wires: tuple[int, ...] = (0,)) -> Node:
    return Node(name, (Parameter(value, "torch", True),), (Wires(wires), ()), wires)


def space_of(made: Circuit) -> Space:
    return Space(Simulation(made))


def outputs_of(space: Space) -> list[np.ndarray]:
    return space.simulation.outputs(space.simulation.values)


def slopes(space: Space, directions: Sequence[np.ndarray]) -> Any:
    outputs = outputs_of(space)
    return tangent_slopes(space, directions, outputs, [1.0] * len(outputs))


MIXTURE = circuit(
    trained("RX", 0.4),
    trained("RY", 0.3, wires=(1,)),
    gate("CNOT", wires=(0, 1)),
    trained("AmplitudeDamping", 0.2),
    trained("CRX", 0.7, wires=(1, 0)),
    measured=(expval(Z), probs(0, 1), Node("PurityMP", (), None, (0,)), Node("VnEntropyMP", (), None, (1,))),
)
MEASURED = circuit(
    trained("RX", 0.4),
    Node("MidMeasureMP", (), Wires((0,)), (0,)),
    Node("Conditional", (trained("RY", 0.6, wires=(1,)),), MeasuredOutcome((0,), (False, True)), (1,)),
    trained("RY", 0.3, wires=(0,)),
    measured=(probs(1), expval(Z), Node("VarianceMP", (), MeasuredOutcome((0,), (-2, 5)), ())),
)
BATCHED = circuit(trained("RX", [0.1, 0.2, 0.3]), trained("RY", 0.4), measured=(expval(Z), probs(0)))
CIRCUITS = {"noise": MIXTURE, "measurements in the middle": MEASURED, "a batch": BATCHED}


@pytest.mark.parametrize("made", CIRCUITS.values(), ids=CIRCUITS)
@settings(max_examples=4, deadline=None)
@given(seed=SEEDS)
def test_slopes_are_those_of_differences_of_the_whole_circuit(made: Circuit, seed: int) -> None:
    space = space_of(made)
    direction = np.random.default_rng(seed).uniform(-1, 1, len(space.centre))
    found = slopes(space, [direction])
    expected = derivative(space.outputs_at, space.centre, direction, noise=1e-15)
    assert found.known.all()
    assert np.all(np.abs(found.value[:, 0] - expected.value[0::2]) <= found.error[:, 0] + expected.error[0::2])
    assert np.all(found.error < 1e-8)


@pytest.mark.parametrize("made", CIRCUITS.values(), ids=CIRCUITS)
def test_all_axes_at_once_are_each_axis_by_itself(made: Circuit) -> None:
    space = space_of(made)
    axes = list(np.eye(len(space.centre)))
    together = slopes(space, axes)
    for k, axis in enumerate(axes):
        np.testing.assert_allclose(slopes(space, [axis]).value[:, 0], together.value[:, k], atol=1e-12)


def test_one_evolution_serves_all_directions() -> None:
    space = space_of(MIXTURE)
    outputs_of(space)
    before = space.simulation.evaluations
    tangent_slopes(space, list(np.eye(len(space.centre))), outputs_of(space), [1.0] * 4)
    assert space.simulation.evaluations == before + 2  # the outputs once more, and the tangents


def test_observables_move_as_well() -> None:
    hermitian = random_hermitian(2, np.random.default_rng(3))
    made = circuit(
        trained("RX", 0.4),
        measured=(
            expval(matrix("Hermitian", hermitian)),
            expval(combination((2.0, Z), (-1.5, gate("PauliX")))),
        ),
    )
    space = space_of(made)
    for direction in [space.along(axis) for axis in np.eye(len(space.centre))]:
        found, expected = slopes(space, [direction]), derivative(space.outputs_at, space.centre, direction)
        assert np.all(np.abs(found.value[:, 0] - expected.value[0::2] - 1j * expected.value[1::2]) <= 1e-9)


def test_a_unitary_moves_along_its_surface() -> None:
    space = space_of(circuit(trained("RY", 0.3), matrix("QubitUnitary", random_unitary(2, np.random.default_rng(1)))))
    directions = [space.along(axis) for axis in np.eye(len(space.centre))]
    found = slopes(space, directions)
    for k, direction in enumerate(directions):
        expected = derivative(space.outputs_at, space.centre, direction)
        assert abs(found.value[0, k] - expected.value[0]) <= found.error[0, k] + expected.error[0]


def test_at_the_edge_of_a_domain_a_direction_is_left_to_others() -> None:
    space = space_of(circuit(gate("RY", 0.8), trained("AmplitudeDamping", 0.0), trained("RX", 0.2)))
    found = slopes(space, list(np.eye(2)))
    assert found.known.tolist() == [False, True]
    assert np.isnan(found.value[:, 0]).all()
    assert np.isinf(found.error[:, 0]).all()


def test_an_entropy_of_a_pure_state_is_left_to_others() -> None:
    entropy = Node("VnEntropyMP", (), None, (0,))
    found = slopes(space_of(circuit(trained("RX", 0.4), measured=(entropy,))), [np.ones(1)])
    assert not found.known.any()


# --- laws -----------------------------------------------------------------------------------------------------------------


def by_law(node: Node, values: Sequence[np.ndarray], rates: Sequence[Sequence[np.ndarray]], **_: object) -> Any:
    """The bridge's answer for gates of the table."""
    if node.name not in gates.PARAMETRIC:
        return None
    angles = [complex(value) for value in values]
    found = gate_slopes.angle_slopes(node.name, angles, gates.PARAMETRIC[node.name](*angles))
    return [((Factor(np.asarray(sum(complex(r) * s for r, s in zip(row, found))), node.wires),),) for row in rates]


def test_by_laws_the_error_is_that_of_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(circuit(trained("RX", 0.4), trained("RY", 0.7)))
    assert not has_laws(space)
    monkeypatch.setattr(space.simulation.plain, "operation_slopes", by_law)
    assert has_laws(space)
    found = slopes(space, list(np.eye(2)))
    exact = np.array([[-math.sin(0.4) * math.cos(0.7), -math.cos(0.4) * math.sin(0.7)]])
    assert np.all(np.abs(found.value - exact) <= found.error)
    assert np.all(found.error < 1e-13)


def test_where_steps_are_others_than_the_law_has_differences_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    space = space_of(circuit(trained("RX", 0.4)))
    monkeypatch.setattr(space.simulation.plain, "operation_slopes", lambda *_, **__: [((),)])
    found = slopes(space, [np.ones(1)])
    assert abs(found.value[0, 0] + math.sin(0.4)) <= found.error[0, 0]


# --- how many directions, and the check of one by the other -----------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "gates_in_all", "wanted"), [("float64", 100, 1), ("float32", 4, 2), ("float32", 100, 4)])
def test_what_rounds_coarsely_is_looked_at_along_more_directions(dtype: str, gates_in_all: int, wanted: int) -> None:
    made = circuit(*(gate("RX", 0.3, trainable=True, dtype=dtype) for _ in range(gates_in_all)))
    assert directions_for(made, gates_in_all, 0.0) == wanted


def test_so_is_what_a_coarse_device_makes_of_fine_numbers() -> None:
    made = circuit(*(trained("RX", 0.3),) * 4)
    assert directions_for(made, 4, float(np.finfo(np.float32).eps)) == 2


def of_residue(residue: int) -> Space:
    """A circuit whose key leaves this residue."""
    for k in range(1000):
        made = circuit(trained("RX", 0.4 + k / 1000))
        if (int(circuit_key(made), 16) % CROSS_CHECKED == 0) == (residue == 0):
            return space_of(made)
    raise AssertionError("no such circuit")


@pytest.mark.parametrize("residue", [0, 1])
def test_one_circuit_in_twenty_is_differentiated_both_ways(residue: int) -> None:
    space = of_residue(residue)
    outputs = outputs_of(space)
    found = slopes_along(space, [np.ones(1)], outputs, [1.0], 1e-15, Allowance(10.0, 1e-3))
    assert found.reasons == []
    assert (space.simulation.evaluations > 10) == (residue == 0)


@pytest.mark.parametrize("residue", [0, 1])
def test_where_the_two_ways_part_nothing_is_said(residue: int, monkeypatch: pytest.MonkeyPatch) -> None:
    space = of_residue(residue)
    outputs = outputs_of(space)

    def wrong(*arguments: Any, **_: object) -> Any:
        return [tuple(tuple(Factor(2 * s.matrix, s.wires) for s in steps) for steps in rows) for rows in by_law(*arguments)]

    monkeypatch.setattr(space.simulation.plain, "operation_slopes", wrong)
    found = slopes_along(space, [np.ones(1)], outputs, [1.0], 1e-15, Allowance(10.0, 1e-3))
    if residue == 0:
        assert np.isnan(found.value).all()
        assert "apart" in found.reasons[0]
    else:
        assert np.isfinite(found.value).all()


def test_without_time_for_differences_it_says_so() -> None:
    space = space_of(circuit(gate("RY", 0.8), trained("AmplitudeDamping", 0.0)))
    found = slopes_along(space, [np.ones(1)], outputs_of(space), [1.0], 1e-15, Allowance(0.1, 1.0))
    assert np.isnan(found.value).all()
    assert "the time does not suffice" in found.reasons[0]
