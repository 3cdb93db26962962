"""The further circuits of a hunt: each asks what its name says, and PennyLane makes something of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.bridges.space.builds import builds
from qdiag.bridges.space.ingredients import MODERN
from qdiag.bridges.space.mutations import mutations
from qdiag.bridges.space.pool import read_on
from qdiag.bridges.space.random_circuits import random_specimens
from qdiag.bridges.space.readings import READINGS
from qdiag.bridges.space.specimens import specimens
from qdiag.bridges.space.wide import wide_specimens
from qdiag.certifying.examine import examine
from qdiag.certifying.task import Task
from qdiag.model.certificate import Standing
from qdiag.model.method import Method
from qdiag.model.node import nodes_of
from qdiag.model.specimen import Specimen, about
from qdiag.model.variants import with_wire_labels
from tests.worlds.older_stacks import needs_forgetting, needs_newest
from tests.worlds.sameness import same

pytestmark = pytest.mark.stack

if not MODERN:
    pytest.skip("instances by hand are as the newer end takes them", allow_module_level=True)

WIDE = wide_specimens(0)
SPACE = {one.key: one for one in WIDE}
PRODUCT = "expval of a product"


def tracked(one: Specimen) -> list[np.ndarray]:
    return [one.circuit.parameters[k].value for k in one.circuit.trainable]


def test_no_circuit_is_in_the_space_twice() -> None:
    keys = [one.key for one in (*specimens(0), *WIDE)]
    assert len(keys) == len(set(keys))


def test_the_seed_says_what_the_angles_are_and_not_what_a_circuit_is_called() -> None:
    other = {one.key: one for one in wide_specimens(1)}
    assert list(other) == list(SPACE)
    key = "Rot", PRODUCT, "its own numbers alone"
    assert not np.array_equal(tracked(SPACE[key]), tracked(other[key]))


def test_numbers_are_tracked_one_by_one_and_without_their_surroundings() -> None:
    assert len(tracked(SPACE["Rot", PRODUCT, "its own numbers alone"])) == 3
    assert len(tracked(SPACE["Rot", PRODUCT, "number 2 alone"])) == 1


def test_the_entries_of_a_state_are_tracked_and_one_of_them_may_be_zero() -> None:
    (entries,) = (value for value in tracked(SPACE["AmplitudeEmbedding", PRODUCT, "entries tracked, one zero"]) if value.ndim)
    assert entries[-1] == 0
    assert entries.dtype == np.float64


def test_the_amplitudes_of_a_state_are_tracked_as_complex_numbers_and_the_angles_of_one_are_not() -> None:
    (entries,) = (value for value in tracked(SPACE["StatePrep", PRODUCT, "complex entries tracked"]) if value.ndim)
    assert np.abs(entries.imag).min() > 0
    assert np.isclose(np.linalg.norm(entries), 1.0)
    assert ("ArbitraryStatePreparation", PRODUCT, "complex entries tracked") not in SPACE


def test_integers_are_tracked_by_nobody() -> None:
    one = SPACE["RX", PRODUCT, "integers"]
    assert any(parameter.value.dtype.kind == "i" for parameter in one.circuit.parameters)
    assert all(value.dtype.kind == "f" for value in tracked(one))


def test_a_gate_stands_after_another_whatever_the_wires_of_both() -> None:
    for first, second in (("RX", "CNOT"), ("CNOT", "RX"), ("CRX", "IsingXX")):
        one = SPACE[second, PRODUCT, f"after {first}"]
        assert one.beside == first
        names = [node.name for top in one.circuit.operations for node in nodes_of(top)]
        assert any(pair == (first, second) for pair in zip(names, names[1:]))


def test_pairs_are_read_in_every_way_and_in_the_plainest_first() -> None:
    """A hunt that is cut short has met all pairs once before it reads any of them again."""
    pairs = [one for one in WIDE if one.beside and one.variation.startswith("after")]
    first = pairs[: len(pairs) // len(READINGS)]
    assert {one.measurement for one in first} == {PRODUCT}
    assert {(one.operation, one.beside) for one in pairs} == {(one.operation, one.beside) for one in first}
    assert {one.measurement for one in pairs if (one.operation, one.beside) == ("CNOT", "RX")} == set(READINGS)


def test_a_preparation_after_other_operations_finds_its_wires_untouched() -> None:
    one = SPACE["BasisState", PRODUCT, "not at the start"]
    before = next(k for k, op in enumerate(one.circuit.operations) if op.name == "BasisState")
    assert before > 0
    assert not set(one.circuit.operations[before].wires) & {wire for op in one.circuit.operations[:before] for wire in op.wires}


@pytest.mark.parametrize(
    "key",
    [
        ("RX", PRODUCT, "autograd"),
        ("Rot", PRODUCT, "number 2 alone"),
        ("CNOT", PRODUCT, "after RX"),
        pytest.param(("StatePrep", PRODUCT, "complex entries tracked"), marks=needs_newest("0.33 takes no tracked entries")),
        ("RX", PRODUCT, "controlled, adjoint"),
        ("no operation", "var", "after a reset wire"),
    ],
)
def test_what_is_plain_is_right(key: tuple[str, str, str]) -> None:
    found = examine(Task(SPACE[key], Method("default.qubit", ""), ("backprop",), beside="", upheld=True))
    assert {cell.standing for cell in found} == {Standing.EXACT}


def test_the_classes_of_a_module_are_in_the_space() -> None:
    named = specimens(0, "tests.worlds.own_operations")
    assert {one.core for one in named} >= {"Turned", "Forgetful"}


def test_a_rule_that_forgot_a_frequency_is_found_in_a_module() -> None:
    own = {one.key: one for one in specimens(0, "tests.worlds.own_operations")}
    for name, standing in (("Turned", Standing.EXACT), ("Forgetful", Standing.WRONG)):
        task = Task(own[name, PRODUCT, ""], Method("default.qubit", ""), ("parameter-shift",), beside="", upheld=True, trusted=True)
        found = {cell.column: cell.standing for cell in examine(task)}
        assert found == {"output": Standing.EXACT, "parameter-shift": standing}


def test_sisters_of_the_tables_operations_are_asked_alone_wrapped_and_by_their_own_numbers() -> None:
    keys = {one.key for one in WIDE}
    for variation in ("", "controlled", "its own numbers alone"):
        assert ("GlobalPhase on a wire", PRODUCT, variation) in keys
    (coefficient,) = (value for value in tracked(SPACE["Exp imaginary", PRODUCT, "hidden numbers tracked"]) if np.iscomplexobj(value))
    assert coefficient.imag


# --- drawn circuits -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn() -> dict[str, Specimen]:
    return {one.variation: one for one in random_specimens(40, 0, builds())}


def test_a_random_circuit_is_the_same_whatever_is_drawn_beside_it(drawn: dict[str, Specimen]) -> None:
    (again,) = (one for one in random_specimens(8, 0, builds()) if one.variation == "random circuit 7")
    assert same(again.circuit, drawn["random circuit 7"].circuit)
    (other,) = (one for one in random_specimens(8, 1, builds()) if one.variation == "random circuit 7")
    assert not same(other.circuit, again.circuit)


def test_random_circuits_are_small_tracked_and_of_many_kinds(drawn: dict[str, Specimen]) -> None:
    assert len(drawn) == 40
    assert all(one.circuit.trainable and len(one.circuit.wires) <= 3 for one in drawn.values())
    names = {node.name for one in drawn.values() for top in one.circuit.operations for node in nodes_of(top)}
    assert {"Adjoint", "CNOT"} <= names
    assert len(names) > 25
    assert {"torch", "autograd"} == {one.interface for one in drawn.values()}


def test_random_circuits_hold_the_operation_that_is_named() -> None:
    for one in random_specimens(6, 0, builds(), frozenset({"IsingXY"})):
        assert "IsingXY" in {node.name for top in one.circuit.operations for node in nodes_of(top)}
    assert not list(random_specimens(6, 0, builds(), frozenset({"TrotterProduct"}))), "no gate"


def test_a_circuit_near_another_differs_from_it_in_one_thing(drawn: dict[str, Specimen]) -> None:
    pattern = drawn["random circuit 3"]
    near = list(mutations([pattern], 30, 0, builds()))
    assert len(near) > 20
    assert len({one.key for one in near}) == len(near)
    for one in near:
        assert one.interface != pattern.interface or not same(one.circuit, pattern.circuit), one.variation
        assert abs(len(one.circuit.operations) - len(pattern.circuit.operations)) <= 1
        assert one.variation.startswith(f"near {pattern.measurement} {pattern.variation}, ")


def test_patterns_on_named_wires_have_mutations_too() -> None:
    named = SPACE["RX", PRODUCT, "its own numbers alone"]
    labelled = replace(named, circuit=with_wire_labels(named.circuit, {0: "a", 1: "b"}))
    wires = {label for one in mutations([labelled], 20, 0, builds()) for label in one.circuit.wires}
    assert {"a", "b"} <= wires


def test_every_circuit_of_the_space_can_be_a_pattern() -> None:
    """Complex numbers, whole arrays, one wire, wires with names: whatever is in the space has others near it, or has none."""
    patterns = [one for one in WIDE if not one.beside][::37]
    assert len({one.operation for one in patterns}) > 20
    assert len(list(mutations(patterns, 4, 1, builds()))) > 2 * len(patterns)


def test_a_pattern_on_one_wire_is_read_in_ways_that_need_no_more() -> None:
    one = SPACE["RX", PRODUCT, "its own numbers alone"]
    (first, *_) = (op for op in one.circuit.operations if op.wires == (0,))
    circuit = replace(one.circuit, operations=(first,), measurements=read_on(READINGS["var"], (0,)))
    small = replace(one, circuit=circuit, measurement="var")
    near = list(mutations([small], 60, 0, builds()))
    assert near
    assert any(found.measurement != "var" for found in near)


def test_only_what_is_about_a_name_is_made() -> None:
    few = wide_specimens(0, "", frozenset({"IsingXY"}))
    assert {one.key for one in about(WIDE, frozenset({"IsingXY"}))} <= {one.key for one in few}
    assert len(few) < len(WIDE) / 4


@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
def test_a_batch_inside_of_a_template_is_judged_by_its_rows(method: str) -> None:
    one = next(one for one in specimens(0, "", frozenset({"Select"})) if one.key[0] == "Select" and one.variation == "batch of 3")
    found = {cell.column: cell for cell in examine(Task(one, Method("default.qubit", ""), (method,), beside="", upheld=True))}
    assert found["output"].standing is Standing.EXACT
    assert found[method].standing in (Standing.EXACT, Standing.RAISED, Standing.REFUSED)


@pytest.mark.parametrize("operation", ["RX", "IsingXY", "Rot"])
def test_finite_differences_in_single_precision_are_no_fault(operation: str) -> None:
    one = next(one for one in specimens(0, "", frozenset({operation})) if one.key == (operation, PRODUCT, "float32"))
    found = {cell.column: cell for cell in examine(Task(one, Method("default.qubit", ""), ("finite-diff",), beside="", upheld=True))}
    assert found["finite-diff"].standing in (Standing.OPEN, Standing.EXACT)


def test_operations_stand_in_products_and_hermitian_ones_in_exponents() -> None:
    assert "Prod" in {node.name for top in SPACE["RX", PRODUCT, "in a product"].circuit.operations for node in nodes_of(top)}
    assert ("CNOT", PRODUCT, "exponentiated") in SPACE
    assert ("CNOT", PRODUCT, "evolved in a sum") in SPACE
    assert ("RX", PRODUCT, "exponentiated") not in SPACE, "not Hermitian"


@needs_newest("older PennyLanes refuse states under adjoint")
def test_states_by_adjoint_are_wrong_where_wires_are_met_in_another_order() -> None:
    one = SPACE["no operation", "state", "wires met in another order"]
    assert one.circuit.operations[0].wires != (one.wires[0],)
    task = Task(one, Method("default.qubit", ""), ("backprop", "adjoint"), beside="", upheld=True)
    found = {cell.column: cell for cell in examine(task)}
    assert found["backprop"].standing is Standing.EXACT
    assert found["adjoint"].standing is Standing.WRONG


@needs_forgetting
def test_constants_in_tensors_are_bound_anew_and_what_is_lost_by_it_is_found() -> None:
    one = SPACE["ControlledQubitUnitary", PRODUCT, "constants as tensors"]
    task = Task(one, Method("default.qubit", ""), ("backprop", "adjoint"), beside="", upheld=True)
    found = {cell.column: cell for cell in examine(task)}
    assert found["backprop"].standing is Standing.EXACT
    assert found["adjoint"].standing is Standing.WRONG
    healthy = replace(task, specimen=SPACE["QubitUnitary", PRODUCT, "constants as tensors"])
    assert {cell.standing for cell in examine(healthy)} == {Standing.EXACT}
