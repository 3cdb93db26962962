"""Edits as data: places, replacing and deleting at any depth, several at once, and numbers, rows and wires."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.edits import (
    Edit,
    apply_edits,
    at,
    places,
    significant,
    with_elements,
    with_rounded_elements,
    without_batch,
    without_rows,
    without_wire,
)
from qdiag.model.node import Mapping, Node, Tagged, Wires, walk
from qdiag.model.parameter import Parameter
from tests.worlds.dense import on_all, random_hermitian, random_state, random_unitary
from tests.worlds.sameness import same
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, gathered, number, probs, sketch, wrapped
from tests.worlds.strategies import circuits

X = gate("PauliX")
TWO = circuit(gate("RX", 0.1), controlled(gate("RY", 0.2, wires=(1,)), 0), measured=(expval(gathered("Sum", Z, X)),))


def shorter(node: Node, position: int) -> Node:
    """The operator on a wire less, where there is one."""
    found = without_wire(node, position)
    assert found is not None
    return found


def array_of(node: Node) -> np.ndarray:
    """Its first number."""
    first = node.data[0]
    assert isinstance(first, Parameter)
    return first.value


def place_of(name: str) -> tuple[int, ...]:
    return next(place for place, value in places(TWO) if isinstance(value, Node) and value.name == name)


def test_every_place_leads_to_its_value() -> None:
    assert all(at(TWO, place) is value for place, value in places(TWO))


def test_an_operation_is_deleted_or_replaced_by_several() -> None:
    assert sketch(apply_edits(TWO, [Edit((0,))])).startswith("Controlled(RY(0.2)[1])[0,1] |")
    assert sketch(apply_edits(TWO, [Edit((0,), (X, X))])).startswith("PauliX[0] PauliX[0] Controlled")


def test_what_is_deep_inside_is_replaced_and_the_rest_is_shared() -> None:
    after = apply_edits(TWO, [Edit(place_of("RY"), (gate("RZ", 0.5, wires=(1,)),))])
    assert sketch(after).startswith("RX(0.1)[0] Controlled(RZ(0.5)[1])[0,1] |")
    assert after.operations[0] is TWO.operations[0]


def test_edits_are_made_at_once_so_that_places_do_not_move() -> None:
    edits = [Edit((0,)), Edit(place_of("RY"), (gate("RZ", 0.5, wires=(1,)),)), Edit(place_of("PauliZ"))]
    assert sketch(apply_edits(TWO, edits)) == "Controlled(RZ(0.5)[1])[0,1] | ExpectationMP(PauliX[0])[0]"


def test_of_edits_in_conflict_the_outermost_wins_and_then_the_first() -> None:
    inner, outer = Edit(place_of("RY"), (X,)), Edit((1,), (Z,))
    assert sketch(apply_edits(TWO, [inner, outer])).startswith("RX(0.1)[0] PauliZ[0] |")
    assert sketch(apply_edits(TWO, [Edit((0,), (X,)), Edit((0,), (Z,))])).startswith("PauliX[0] Controlled")


def test_no_edit_leaves_the_very_same_circuit() -> None:
    assert apply_edits(TWO, []) is TWO


def test_a_sum_of_one_is_that_one_and_a_sum_of_none_is_nothing() -> None:
    z, x = place_of("PauliZ"), place_of("PauliX")
    assert sketch(apply_edits(TWO, [Edit(x)])).endswith("| ExpectationMP(PauliZ[0])[0]")
    with pytest.raises(ValueError, match="of nothing"):
        apply_edits(TWO, [Edit(z), Edit(x)])


def test_the_wires_of_an_operator_are_those_that_its_parts_still_name() -> None:
    observable = gathered("Sum", Z, gate("PauliX", wires=("b",)), gate("PauliX", wires=("c",)))
    after = apply_edits(circuit(measured=(expval(observable),)), [Edit((0, 0, 1))])
    assert after.measurements[0].wires == (0, "c")


@pytest.mark.parametrize(
    ("start", "edit"),
    [
        (circuit(Node("Odd", (Mapping((("key", X),)),))), Edit((0, 0, 1))),
        (circuit(Node("Odd", (Tagged("set", X),))), Edit((0, 0, 0))),
        (circuit(X), Edit((0,), (number(1.0),))),
        (circuit(measured=(expval(combination((1.0, Z))),)), Edit((0, 0, 1, 0))),
    ],
    ids=["a mapping's value", "a tag's content", "a number for an operation", "the last term"],
)
def test_an_edit_that_leaves_no_circuit_is_refused(start: Circuit, edit: Edit) -> None:
    with pytest.raises(ValueError, match=r"cannot|only|without"):
        apply_edits(start, [edit])


def test_numbers_are_set_and_rounded_one_element_at_a_time() -> None:
    start = circuit(gate("RX", 0.1234), gate("Rot3", [0.25, 0.5, 0.75]))
    assert sketch(with_elements(start, [(0, 0), (1, 2)], 1.0)).startswith("RX(1.0)[0] Rot3([0.25,0.5,1.0])[0]")
    assert sketch(with_rounded_elements(start, [(0, 0), (1, 0)], 1)).startswith("RX(0.1)[0] Rot3([0.2,0.5,0.75])[0]")
    assert significant(-123.4, 2) == -120
    assert significant(0.126 + 9.99j, 2) == 0.13 + 10j


def test_setting_a_number_keeps_its_dtype_and_container() -> None:
    start = circuit(gate("RX", 0.1, trainable=True, dtype="float32"))
    (after,) = with_elements(start, [(0, 0)], 1.0).parameters
    assert (after.value.dtype.name, after.container, after.trainable) == ("float32", "torch", True)


def test_rows_leave_a_batch_and_the_batch_axis_leaves_with_the_last() -> None:
    start = circuit(gate("RX", [0.1, 0.2, 0.3]), gate("RY", 0.5))
    assert sketch(without_rows(start, [0], [0, 2])).startswith("RX([0.2])[0] RY(0.5)[0]")
    assert sketch(without_batch(start, [0])).startswith("RX(0.1)[0] RY(0.5)[0]")


class TestNarrowing:
    def test_a_unitary_stays_unitary(self) -> None:
        rotation = np.linalg.qr(np.arange(16).reshape(4, 4) % 7 + np.eye(4))[0]
        after = shorter(gate("QubitUnitary", rotation, wires=(0, 1)), 0)
        matrix = array_of(after)
        assert after.wires == (1,)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)

    def test_a_state_stays_normalised(self) -> None:
        after = shorter(gate("StatePrep", [0.6, 0, 0, 0.8], wires=(0, 1)), 1)
        np.testing.assert_allclose(array_of(after), [1, 0])

    def test_a_batch_is_not_mistaken_for_wires(self) -> None:
        after = shorter(gate("MultiRZ", 0.3, wires=(0, 1)), 0)
        assert array_of(after) == 0.3

    def test_a_sparse_matrix_keeps_its_block_and_its_form(self) -> None:
        def integers(*values: int) -> Parameter:
            return Parameter(np.array(values, "int32"), "numpy")

        # rows: (1, 0, 0, 2), (0, 3, 0, 0), (0, 0, 4, 0), (2, 0, 0, 5)
        content = ((4, 4), (number([1, 2, 3, 4, 2, 5]), integers(0, 3, 1, 2, 0, 3), integers(0, 2, 3, 4, 6)), False)
        after = shorter(Node("SparseHamiltonian", (Tagged("sparse-csr", content),), (Wires((0, 1)), ()), (0, 1)), 0)
        (matrix,) = after.data
        assert isinstance(matrix, Tagged)
        content_after: Any = matrix.content
        shape, parts, _ = content_after
        assert (after.wires, shape) == ((1,), (2, 2))
        assert [part.value.tolist() for part in parts] == [[1, 3], [0, 1], [0, 1, 2]]
        assert parts[1].value.dtype == np.int32

    def test_one_wire_is_the_least(self) -> None:
        assert without_wire(gate("RX", 0.1), 0) is None
        assert without_wire(probs(0), 0) is None

    def test_the_operator_inside_keeps_its_wires(self) -> None:
        after = shorter(controlled(gate("MultiRZ", 0.1, wires=(2, 3)), 0, 1), 0)
        assert after.wires == (1, 2, 3)
        assert isinstance(after.metadata, tuple)
        assert after.metadata[1] == (True,)

    def test_what_only_wraps_cannot_be_narrowed(self) -> None:
        assert without_wire(wrapped("Adjoint", gate("MultiRZ", 0.1, wires=(0, 1))), 0) is None


def test_parameters_are_untouched_where_no_element_is_named() -> None:
    start = circuit(Node("Odd", (Parameter(np.array([np.nan])),), Wires((0,)), (0,)))
    assert with_elements(start, [], 0.0).parameters[0] is start.parameters[0]


def has_terms(made: Circuit) -> bool:
    """Whether no operator holds an empty list, which is what an operator without terms looks like."""
    return not any(isinstance(value, list) and not value for node in made.nodes for value in walk(node))


WHOLE = circuits().filter(has_terms)


# --- whatever the circuit ---------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(circuits())
def test_places_are_all_different_and_each_leads_back_to_its_value(made: Circuit) -> None:
    found = list(places(made))
    assert len({place for place, _ in found}) == len(found)
    assert all(at(made, place) is value for place, value in found)
    assert len(found) == sum(1 for node in made.nodes for _ in walk(node))


@settings(max_examples=40)
@given(WHOLE, st.data())
def test_putting_a_value_where_it_stands_changes_nothing(made: Circuit, data: st.DataObject) -> None:
    found = [place for place, _ in places(made)]
    if not found:
        return
    place = data.draw(st.sampled_from(found))
    parents = {place[:length] for length in range(1, len(place))}
    settled = any(isinstance(at(made, parent), Node) for parent in parents)
    after = apply_edits(made, [Edit(place, (at(made, place),))])
    # an operator whose parts were touched names the wires that its parts name; generated ones claim others
    assert settled or same(after, made)
    assert len(after.parameters) == len(made.parameters)
    assert all(a is b for a, b in zip(after.parameters, made.parameters))


@settings(max_examples=40)
@given(WHOLE, st.data())
def test_the_order_in_which_edits_are_given_matters_only_at_one_place(made: Circuit, data: st.DataObject) -> None:
    found = [place for place, value in places(made) if isinstance(value, Parameter)]
    if not found:
        return
    chosen = data.draw(st.lists(st.sampled_from(found), unique=True, max_size=4))
    edits = [Edit(place, (Parameter(np.array(float(i))),)) for i, place in enumerate(chosen)]
    forwards, backwards = apply_edits(made, edits), apply_edits(made, reversed(edits))
    assert same(forwards, backwards)
    assert [float(at(forwards, place).value) for place in chosen] == list(range(len(chosen)))  # type: ignore[union-attr]


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_deleting_operations_one_by_one_or_at_once_is_the_same(gone: list[bool]) -> None:
    made = circuit(*(gate(f"G{i}") for i in range(len(gone))))
    at_once = apply_edits(made, [Edit((i,)) for i, away in enumerate(gone) if away])
    one_by_one = made
    for i in reversed([i for i, away in enumerate(gone) if away]):
        one_by_one = apply_edits(one_by_one, [Edit((i,))])
    assert sketch(at_once) == sketch(one_by_one)
    assert [node.name for node in at_once.operations] == [f"G{i}" for i, away in enumerate(gone) if not away]


# --- numbers ----------------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, min_value=-1e300, max_value=1e300), st.integers(1, 12))
def test_a_number_of_so_many_digits_is_within_half_of_the_last_one(value: float, digits: int) -> None:
    found = significant(value, digits)
    assert isinstance(found, float)
    assert float(f"{found:.{digits - 1}e}") == found
    exponent = 0 if value == 0 else math.floor(math.log10(abs(value)))
    assert abs(found - value) <= 0.5000001 * 10.0 ** (exponent - digits + 1)
    assert significant(found, digits) == found


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128", "int64"])
def test_a_rounded_array_keeps_its_dtype_and_shape(dtype: str) -> None:
    start = circuit(Node("G", (Parameter(np.array([[1.26, 2.34], [3.51, 4.77]]).astype(dtype), "torch", True),)))
    (after,) = with_rounded_elements(start, [(0, 0), (0, 3)], 1).parameters
    assert (after.value.dtype.name, after.value.shape, after.container, after.trainable) == (dtype, (2, 2), "torch", True)
    assert after.value[0, 1] == start.parameters[0].value[0, 1]
    assert after.value[1, 1] == (4 if dtype == "int64" else 5)


def test_the_circuit_whose_numbers_are_set_keeps_its_own() -> None:
    start = circuit(gate("Rot3", [0.1, 0.2, 0.3]))
    with_elements(start, [(0, 1)], 9.0)
    with_rounded_elements(start, [(0, 1)], 1)
    assert start.parameters[0].value.tolist() == [0.1, 0.2, 0.3]


def test_one_value_is_set_at_several_places_at_once() -> None:
    start = circuit(gate("A", [[1.0, 2.0], [3.0, 4.0]]), gate("B", 5.0), gate("C", 6.0))
    after = with_elements(start, [(0, 1), (0, 2), (2, 0)], 0.0)
    assert [p.value.tolist() for p in after.parameters] == [[[1.0, 0.0], [0.0, 4.0]], 5.0, 0.0]


@given(st.integers(1, 5), st.sets(st.integers(0, 4)))
def test_rows_that_stay_are_the_others_in_their_order(rows: int, gone: set[int]) -> None:
    gone = {row for row in gone if row < rows}
    start = circuit(gate("RX", list(range(rows))), gate("RY", [[row, -row] for row in range(rows)]), gate("RZ", 7.0))
    after = without_rows(start, [0, 1], gone)
    kept = [row for row in range(rows) if row not in gone]
    assert after.parameters[0].value.tolist() == kept
    assert after.parameters[1].value.tolist() == [[row, -row] for row in kept]
    assert after.parameters[2] is start.parameters[2]


def test_an_empty_batch_has_no_first_row_and_stays() -> None:
    start = circuit(Node("RX", (Parameter(np.zeros((0, 2))),)))
    assert without_batch(start, [0]).parameters[0] is start.parameters[0]


# --- narrower operators -----------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(2, 4), st.integers(0, 3), st.integers(0, 10**6), st.sampled_from(["unitary", "state", "hermitian"]))
def test_a_narrower_operator_is_what_acts_where_the_wire_is_zero(wires: int, position: int, seed: int, kind: str) -> None:
    if position >= wires:
        return
    draws = np.random.default_rng(seed)
    size = 1 << wires
    make = {"unitary": random_unitary, "state": random_state, "hermitian": random_hermitian}[kind]
    value = make(size, draws)
    node = gate("G", value, wires=tuple(range(wires)), dtype="complex128")
    after = shorter(node, position)
    assert after.wires == tuple(wire for wire in range(wires) if wire != position)
    found = array_of(after)
    zero = np.array([1.0, 0.0])
    embedding = on_all(np.outer(zero, zero), [position], wires)
    kept = np.nonzero(np.diag(embedding))[0]
    if kind == "hermitian":
        np.testing.assert_allclose(found, value[np.ix_(kept, kept)])
    elif kind == "state":
        np.testing.assert_allclose(found, value[kept] / np.linalg.norm(value[kept]))
    else:
        np.testing.assert_allclose(found @ found.conj().T, np.eye(size // 2), atol=1e-12)


def test_a_unitary_that_leaves_the_wire_alone_is_kept_as_it_is_on_the_others() -> None:
    turn = random_unitary(4, np.random.default_rng(5))
    after = shorter(gate("QubitUnitary", on_all(turn, [0, 2], 3), wires=("a", "b", "c"), dtype="complex128"), 1)
    assert after.wires == ("a", "c")
    np.testing.assert_allclose(array_of(after), turn, atol=1e-12)


def test_a_word_loses_its_letter_and_flags_lose_theirs() -> None:
    node = Node("PauliRot", (number(0.3),), (Wires((0, 1, 2)), "XYZ", (True, False, True)), (0, 1, 2))
    after = shorter(node, 1)
    assert after.metadata == (Wires((0, 2)), "XZ", (True, True))


def test_words_that_are_not_of_paulis_or_bits_are_no_words_over_the_wires() -> None:
    node = Node("Odd", (number(0.3),), (Wires((0, 1, 2)), "abc"), (0, 1, 2))
    after = shorter(node, 0)
    assert after.metadata == (Wires((1, 2)), "abc")


def test_an_axis_of_the_length_of_the_wires_loses_an_entry() -> None:
    node = gate("Embedding", [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]], wires=(0, 1, 2))
    after = shorter(node, 2)
    assert array_of(after).tolist() == [[0.1, 0.2], [0.4, 0.5]]


@pytest.mark.parametrize("position", [2, 7])
def test_a_wire_that_the_operator_does_not_have_cannot_be_taken_from_it(position: int) -> None:
    assert without_wire(gate("MultiRZ", 0.3, wires=(0, 1)), position) is None


def test_a_state_that_vanishes_where_the_wire_is_zero_stays_zero() -> None:
    after = shorter(gate("StatePrep", [0.0, 0.0, 0.6, 0.8], wires=(0, 1)), 0)
    assert array_of(after).tolist() == [0.0, 0.0]
