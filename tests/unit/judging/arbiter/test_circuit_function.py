"""A circuit as a function of numbers: what there is room for, family by family, its outputs, and where it may be moved."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.bridges import matrices
from qdiag.judging.arbiter.circuit_function import (
    MOST_MEASURED,
    MOST_MIXED_WIRES,
    MOST_WIRES,
    Simulation,
    Space,
    coordinates,
    flat,
    from_coordinates,
    has_room,
    too_large,
    wire_order,
)
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, MeasuredOutcome, Node, Wires
from qdiag.model.numerics.states import Channel, Conditioned, Factor, Measured, NotSimulated, Preparation, Reading, Step
from qdiag.model.operator_families import CHANNELS, MID_MEASUREMENTS, MIXING
from qdiag.model.parameter import Parameter
from tests.worlds import plain_steps
from tests.worlds.dense import random_hermitian, random_unitary
from tests.worlds.small_circuits import Z, circuit, combination, expval, gate, probs, wrapped


@pytest.fixture(autouse=True)
def no_pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_steps.without_pennylane(monkeypatch)


def outputs(made: Circuit) -> list[np.ndarray]:
    simulation = Simulation(made)
    return simulation.outputs(simulation.values)


# --- what there is room for: a name that slips through costs gigabytes ------------------------------------------------

IDENTITY = np.eye(2)


def on_wires(count: int, *more: Node) -> Circuit:
    return circuit(*(gate("RX", 0.1, wires=(wire,)) for wire in range(count)), *more)


PASSED_ONCE = ("BitFlip", "PauliError", "PhaseFlip", "QubitDensityMatrix", "ResetError", "ThermalRelaxationError")
"""Noise by names that tell nothing of it: written out, so that the table cannot lose one without a word here."""


@pytest.mark.parametrize("name", sorted({*MIXING, *PASSED_ONCE}))
def test_any_noise_halves_the_wires_that_are_simulated(name: str) -> None:
    too_large(on_wires(MOST_MIXED_WIRES, gate(name, 0.1)))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        too_large(on_wires(MOST_MIXED_WIRES + 1, gate(name, 0.1)))


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_noise_under_a_condition_is_noise(name: str) -> None:
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        too_large(on_wires(MOST_WIRES, wrapped("Conditional", gate(name, 0.1))))


@pytest.mark.parametrize("name", sorted(MID_MEASUREMENTS))
def test_so_many_measurements_in_the_middle_are_followed_and_no_more(name: str) -> None:
    too_large(on_wires(1, *[gate(name)] * MOST_MEASURED))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MEASURED}"):
        too_large(on_wires(1, *[gate(name)] * (MOST_MEASURED + 1)))


def test_whether_there_is_room_is_asked_without_raising():
    assert has_room(on_wires(MOST_WIRES, gate("RX", 0.1)))
    assert not has_room(on_wires(MOST_WIRES + 1, gate("RX", 0.1)))


def test_a_circuit_that_has_lost_the_measurement_whose_outcome_it_reads_is_none() -> None:
    read = Node("ExpectationMP", (), MeasuredOutcome((1,), (0, 1)), ())
    whole = replace(on_wires(1, *[gate(sorted(MID_MEASUREMENTS)[0])] * 2), measurements=(read,))
    too_large(whole)
    with pytest.raises(NotSimulated, match="does not hold"):
        too_large(replace(whole, operations=whole.operations[:-1]))


def test_a_state_vector_has_room_for_more_wires() -> None:
    too_large(on_wires(MOST_WIRES))
    with pytest.raises(NotSimulated, match=f"more than the {MOST_WIRES}"):
        too_large(on_wires(MOST_WIRES + 1))


def test_an_operator_known_by_name_only_is_not_simulated() -> None:
    with pytest.raises(NotSimulated, match="recorded by name only"):
        too_large(circuit(Node("Mystery", opaque="it holds a function")))


# --- noise that no name tells: PennyLane has said what the operation is once it is steps ------------------------------

NOISE = Channel((1.0,), (IDENTITY,), (0,))
STEPS = {
    "a channel": NOISE,
    "a density matrix": Preparation(np.diag([1.0, 0.0]), (0,)),
    "a channel under a condition": Conditioned(MeasuredOutcome((0,), (False, True)), (NOISE,)),
}
PURE = {
    "a gate": Factor(IDENTITY, (0,)),
    "amplitudes": Preparation(np.array([1.0, 0.0]), (0,)),
    "a measurement": Measured(0),
    "a gate under a condition": Conditioned(MeasuredOutcome((0,), (False, True)), (Factor(IDENTITY, (0,)),)),
}


def simulation(monkeypatch: pytest.MonkeyPatch, step: Step, wires: int) -> Simulation:
    """With a bridge that translates each operation into one known step."""
    bridge = ModuleType("node_steps")
    bridge.__dict__["double_precision_value"] = lambda parameter: parameter.value
    bridge.__dict__["recorded_operation"] = lambda *_, **__: ((step,),)
    bridge.__dict__["measurement"] = lambda *_, **__: Reading("state")
    monkeypatch.setitem(sys.modules, "qdiag.bridges.matrices.node_steps", bridge)
    monkeypatch.setattr(matrices, "node_steps", bridge, raising=False)
    return Simulation(on_wires(wires))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_users_own_noise_has_the_limit_of_noise(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    simulation(monkeypatch, step, MOST_MIXED_WIRES)
    with pytest.raises(NotSimulated, match=f"more than the {MOST_MIXED_WIRES}"):
        simulation(monkeypatch, step, MOST_MIXED_WIRES + 1)


@pytest.mark.parametrize("step", PURE.values(), ids=PURE)
def test_what_keeps_a_state_pure_does_not(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    simulation(monkeypatch, step, MOST_WIRES)


# --- coordinates ------------------------------------------------------------------------------------------------------

ARRAYS = st.lists(
    st.tuples(st.sampled_from(["float32", "float64", "complex64", "complex128"]), st.sampled_from([(), (0,), (3,), (2, 2)])), max_size=4
).map(lambda kinds: [np.arange(1, np.prod(shape, dtype=int) + 1).reshape(shape).astype(dtype) * 1.5 for dtype, shape in kinds])


@given(ARRAYS)
def test_coordinates_are_real_numbers_of_which_a_complex_one_has_two(arrays: list[np.ndarray]) -> None:
    row = coordinates(arrays)
    assert row.dtype == np.float64
    assert len(row) == sum(array.size * (2 if array.dtype.kind == "c" else 1) for array in arrays)


@given(ARRAYS, st.integers(0, 100))
def test_from_coordinates_is_the_way_back(arrays: list[np.ndarray], seed: int) -> None:
    row = np.random.default_rng(seed).standard_normal(len(coordinates(arrays)))
    back = from_coordinates(row, arrays)
    assert [array.shape for array in back] == [array.shape for array in arrays]
    np.testing.assert_array_equal(coordinates(back), row)


def test_of_a_complex_array_all_real_parts_come_first() -> None:
    np.testing.assert_array_equal(coordinates([np.array([1 + 2j, 3 + 4j]), np.array(5.0)]), [1, 3, 2, 4, 5])


def test_no_array_is_no_coordinate() -> None:
    assert coordinates([]).shape == (0,)


# --- the order of wires -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "device", "order"),
    [
        (circuit(gate("CNOT", wires=(1, 0))), (), (0, 1)),
        (circuit(gate("CNOT", wires=(2, 0))), (), (2, 0)),
        (circuit(gate("RX", 0.1, wires=("b",)), gate("RX", 0.1, wires=("a",)), measured=(probs("b"),)), (), ("b", "a")),
        (circuit(gate("RX", 0.1, wires=(1,)), measured=(probs(0, 1),)), (), (1, 0)),
        (circuit(gate("RX", 0.1), measured=(probs(1, 0),)), (), (0, 1)),
        (circuit(gate("RX", 0.1), measured=(probs(5, 0),)), (), (0, 5)),
        (circuit(gate("CNOT", wires=(1, 0))), ("x", 1, 0), ("x", 1, 0)),
    ],
    ids=["all integers", "with a hole", "names", "one untouched", "untouched last", "untouched and far", "the device's"],
)
def test_wires_go_in_the_order_of_a_device_that_has_none_of_its_own(
    made: Circuit, device: tuple[Label, ...], order: tuple[Label, ...]
) -> None:
    assert wire_order(made, device) == order


# --- outputs ----------------------------------------------------------------------------------------------------------


def test_each_measurement_has_its_output_in_order() -> None:
    made = circuit(gate("RX", 0.4), gate("CNOT", wires=(0, 1)), measured=(expval(Z), probs(1), probs(0, 1)))
    mean, one, both = outputs(made)
    p = math.sin(0.2) ** 2
    assert mean == pytest.approx(math.cos(0.4))
    np.testing.assert_allclose(one, [1 - p, p])
    np.testing.assert_allclose(both, [1 - p, 0, 0, p], atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_works_in_double_precision_whatever_the_numbers_are(dtype: str) -> None:
    (mean,) = outputs(circuit(gate("RX", 0.3, dtype=dtype)))
    assert mean.dtype == np.float64
    assert mean == pytest.approx(math.cos(float(np.array(0.3, dtype))), abs=1e-15)


def test_a_batch_has_a_row_for_each_of_its_numbers() -> None:
    angles = [0.3, 0.7, -1.1]
    made = circuit(gate("RX", angles), gate("RY", 0.2), measured=(expval(Z), probs(0)))
    mean, row = outputs(made)
    np.testing.assert_allclose(mean, np.cos(angles) * math.cos(0.2))
    assert row.shape == (len(angles), 2)


def test_a_measured_outcome_decides_what_comes_after() -> None:
    flip = Node("Conditional", (gate("PauliX", wires=(1,)),), MeasuredOutcome((0,), (False, True)), (1,))
    made = circuit(gate("RX", 0.8), Node("MidMeasureMP", (), Wires((0,)), (0,)), flip, measured=(probs(0, 1),))
    p = math.sin(0.4) ** 2
    np.testing.assert_allclose(outputs(made)[0], [1 - p, 0, 0, p], atol=1e-15)


def test_other_numbers_give_the_outputs_of_the_circuit_with_those_numbers() -> None:
    made = circuit(gate("RX", 0.4), gate("RY", 0.5), measured=(expval(combination((0.5, Z), (2.0, gate("PauliX")))),))
    simulation = Simulation(made)
    moved = [np.array(x) for x in (0.9, -0.3, 1.5, 0.25)]
    fresh = circuit(gate("RX", 0.9), gate("RY", -0.3), measured=(expval(combination((1.5, Z), (0.25, gate("PauliX")))),))
    np.testing.assert_allclose(simulation.outputs(moved)[0], outputs(fresh)[0], atol=1e-15)


def test_only_what_changed_is_taken_apart_again() -> None:
    simulation = Simulation(circuit(gate("RX", 0.4), gate("RY", 0.5), gate("RZ", 0.6)))
    values = list(simulation.values)
    values[1] = np.array(0.7)
    after = simulation.parts_at(values)
    assert [part is base for part, base in zip(after, simulation.parts)] == [True, False, True, True]
    # the same number in another array is no change
    values[1] = np.array(0.5)
    assert all(part is base for part, base in zip(simulation.parts_at(values), simulation.parts))


def test_evaluations_are_counted() -> None:
    simulation = Simulation(circuit(gate("RX", 0.4)))
    for _ in range(3):
        simulation.outputs(simulation.values)
    assert simulation.evaluations == 3


def test_an_operation_is_fresh_where_no_earlier_one_touched_its_wires() -> None:
    state = np.array([0.6, 0.8])
    Simulation(circuit(gate("RX", 0.1), gate("StatePrep", state, wires=(1,))))
    with pytest.raises(NotSimulated, match="touched"):
        Simulation(circuit(gate("RX", 0.1, wires=(1,)), gate("StatePrep", state, wires=(1,))))


def test_a_defect_is_asked_about_where_numbers_changed() -> None:
    made = circuit(gate("QubitUnitary", np.eye(2)), gate("Twice", np.eye(2)))
    simulation = Simulation(made)
    assert simulation.defect_at(simulation.values) == 0
    assert simulation.defect_at([np.eye(2) * 1.1, simulation.values[1]]) == pytest.approx(0.21)


def test_the_steps_of_all_rows_lie_flat() -> None:
    simulation = Simulation(circuit(gate("RX", [0.1, 0.2]), measured=(expval(Z),)))
    assert len(flat(simulation.parts[0])) == 2
    assert flat(simulation.parts[1]) == [simulation.readings[0]]
    assert isinstance(simulation.readings[0], Reading)


# --- the space of trainable numbers -----------------------------------------------------------------------------------


def trained(name: str, value: object, dtype: str = "float64", **rest: object) -> Node:
    return Node(name, (Parameter(np.asarray(value, dtype), "torch", True),), (Wires((0,)), ()), (0,))


def space(*operations: Node, measured: tuple[Node, ...] = (expval(Z),)) -> Space:
    return Space(Simulation(circuit(*operations, measured=measured)))


def test_only_trainable_numbers_have_coordinates() -> None:
    made = space(gate("RX", 0.1), trained("RY", 0.2), gate("RZ", 0.3), trained("RX", 0.4))
    np.testing.assert_allclose(made.centre, [0.2, 0.4])
    values = made.values_at(np.array([7.0, 8.0]))
    np.testing.assert_allclose(values, [0.1, 7.0, 0.3, 8.0])


def test_whole_numbers_cannot_be_moved() -> None:
    made = space(trained("RX", 3, "int64"), trained("RY", 0.2))
    assert made.positions == [1]


def test_outputs_are_one_row_with_real_and_imaginary_parts_in_turn() -> None:
    made = space(trained("RX", 0.8), measured=(Node("StateMP", (), Wires(()), ()), expval(Z)))
    row = made.outputs_at(made.centre)
    np.testing.assert_allclose(row, [math.cos(0.4), 0, 0, -math.sin(0.4), math.cos(0.8), 0], atol=1e-15)


def test_outside_of_its_domain_it_raises_what_a_derivative_takes_for_an_edge() -> None:
    made = space(trained("AmplitudeDamping", 0.0))
    with pytest.raises(ValueError, match="does not take"):
        made.outputs_at(np.array([-0.1]))


def test_angles_may_be_moved_and_entries_of_a_unitary_only_along_the_unitaries() -> None:
    draws = np.random.default_rng(1)
    turn = space(trained("RX", 0.3), trained("QubitUnitary", random_unitary(2, draws), "complex128"))
    assert turn.movable_coordinates().all()
    for axis in turn.axes(turn.movable_coordinates()):
        values = turn.values_at(turn.centre + 1e-4 * axis)
        assert np.max(np.abs(values[1] @ values[1].conj().T - np.eye(2))) < 1e-7


def test_numbers_that_leave_physics_when_moved_are_not() -> None:
    """A matrix that is no unitary to begin with has no surface to be moved along; beside it an angle is free."""
    made = space(trained("Twice", np.eye(2) / 2), trained("RX", 0.4))
    allowed = made.movable_coordinates()
    assert allowed[-1]
    assert not allowed[:4].any()


def test_at_the_edge_of_its_domain_the_side_that_exists_decides() -> None:
    assert space(trained("AmplitudeDamping", 0.0)).movable_coordinates().tolist() == [True]
    assert space(trained("AmplitudeDamping", 1.0)).movable_coordinates().tolist() == [True]


def test_a_hermitian_observable_is_moved_along_the_hermitians() -> None:
    matrix = random_hermitian(2, np.random.default_rng(2))
    observable = Node("Hermitian", (Parameter(matrix, "torch", True),), (Wires((0,)), ()), (0,))
    made = space(gate("RX", 0.4), measured=(expval(observable),))
    allowed = made.movable_coordinates()
    # the imaginary parts of the diagonal are no direction at all
    assert allowed.tolist() == [True] * 4 + [False, True, True, False]
    for axis in made.axes(allowed):
        moved = made.values_at(made.centre + axis)[0]
        np.testing.assert_allclose(moved, moved.conj().T)


def test_a_direction_of_nothing_is_none() -> None:
    made = space(trained("RX", 0.4))
    assert not made.physical(np.zeros(1))
    assert made.physical(np.ones(1))
