"""Edits as data: places, replacing and deleting at any depth, several at once, and numbers, rows and wires."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.model.circuit import Mapping, Node, Parameter, Tagged, Wires
from qdiag.model.edits import Edit, applied, at, narrowed, places, rounded, significant, with_elements, without_batch, without_rows
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, gathered, number, probs, sketch, wrapped

X = gate("PauliX")
TWO = circuit(gate("RX", 0.1), controlled(gate("RY", 0.2, wires=(1,)), 0), measured=(expval(gathered("Sum", Z, X)),))


def place_of(name: str) -> tuple[int, ...]:
    return next(place for place, value in places(TWO) if isinstance(value, Node) and value.name == name)


def test_every_place_leads_to_its_value() -> None:
    assert all(at(TWO, place) is value for place, value in places(TWO))


def test_an_operation_is_deleted_or_replaced_by_several() -> None:
    assert sketch(applied(TWO, [Edit((0,))])).startswith("Controlled(RY(0.2)[1])[0,1] |")
    assert sketch(applied(TWO, [Edit((0,), (X, X))])).startswith("PauliX[0] PauliX[0] Controlled")


def test_what_is_deep_inside_is_replaced_and_the_rest_is_shared() -> None:
    after = applied(TWO, [Edit(place_of("RY"), (gate("RZ", 0.5, wires=(1,)),))])
    assert sketch(after).startswith("RX(0.1)[0] Controlled(RZ(0.5)[1])[0,1] |")
    assert after.operations[0] is TWO.operations[0]


def test_edits_are_made_at_once_so_that_places_do_not_move() -> None:
    edits = [Edit((0,)), Edit(place_of("RY"), (gate("RZ", 0.5, wires=(1,)),)), Edit(place_of("PauliZ"))]
    assert sketch(applied(TWO, edits)) == "Controlled(RZ(0.5)[1])[0,1] | ExpectationMP(PauliX[0])[0]"


def test_of_edits_in_conflict_the_outermost_wins_and_then_the_first() -> None:
    inner, outer = Edit(place_of("RY"), (X,)), Edit((1,), (Z,))
    assert sketch(applied(TWO, [inner, outer])).startswith("RX(0.1)[0] PauliZ[0] |")
    assert sketch(applied(TWO, [Edit((0,), (X,)), Edit((0,), (Z,))])).startswith("PauliX[0] Controlled")


def test_no_edit_leaves_the_very_same_circuit() -> None:
    assert applied(TWO, []) is TWO


def test_a_sum_of_one_is_that_one_and_a_sum_of_none_is_nothing() -> None:
    z, x = place_of("PauliZ"), place_of("PauliX")
    assert sketch(applied(TWO, [Edit(x)])).endswith("| ExpectationMP(PauliZ[0])[0]")
    with pytest.raises(ValueError, match="of nothing"):
        applied(TWO, [Edit(z), Edit(x)])


def test_the_wires_of_an_operator_are_those_that_its_parts_still_name() -> None:
    observable = gathered("Sum", Z, gate("PauliX", wires=("b",)), gate("PauliX", wires=("c",)))
    after = applied(circuit(measured=(expval(observable),)), [Edit((0, 0, 1))])
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
def test_an_edit_that_leaves_no_circuit_is_refused(start, edit) -> None:
    with pytest.raises(ValueError, match=r"cannot|only|without"):
        applied(start, [edit])


def test_numbers_are_set_and_rounded_one_element_at_a_time() -> None:
    start = circuit(gate("RX", 0.1234), gate("Rot3", [0.25, 0.5, 0.75]))
    assert sketch(with_elements(start, [(0, 0), (1, 2)], 1.0)).startswith("RX(1.0)[0] Rot3([0.25,0.5,1.0])[0]")
    assert sketch(rounded(start, [(0, 0), (1, 0)], 1)).startswith("RX(0.1)[0] Rot3([0.2,0.5,0.75])[0]")
    assert significant(-123.4, 2) == -120
    assert significant(0.126 + 9.99j, 2) == 0.13 + 10j


def test_setting_a_number_keeps_its_dtype_and_container() -> None:
    start = circuit(gate("RX", 0.1, trainable=True, dtype="float32"))
    (after,) = with_elements(start, [(0, 0)], 1.0).parameters
    assert (after.value.dtype, after.container, after.trainable) == (np.float32, "torch", True)


def test_rows_leave_a_batch_and_the_batch_axis_leaves_with_the_last() -> None:
    start = circuit(gate("RX", [0.1, 0.2, 0.3]), gate("RY", 0.5))
    assert sketch(without_rows(start, [0], [0, 2])).startswith("RX([0.2])[0] RY(0.5)[0]")
    assert sketch(without_batch(start, [0])).startswith("RX(0.1)[0] RY(0.5)[0]")


class TestNarrowing:
    def test_a_unitary_stays_unitary(self) -> None:
        rotation = np.linalg.qr(np.arange(16).reshape(4, 4) % 7 + np.eye(4))[0]
        after = narrowed(gate("QubitUnitary", rotation, wires=(0, 1)), 0)
        matrix = after.data[0].value
        assert after.wires == (1,)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)

    def test_a_state_stays_normalised(self) -> None:
        after = narrowed(gate("StatePrep", [0.6, 0, 0, 0.8], wires=(0, 1)), 1)
        np.testing.assert_allclose(after.data[0].value, [1, 0])

    def test_a_batch_is_not_mistaken_for_wires(self) -> None:
        after = narrowed(gate("MultiRZ", 0.3, wires=(0, 1)), 0)
        assert after.data[0].value == 0.3

    def test_a_sparse_matrix_keeps_its_block_and_its_form(self) -> None:
        def integers(*values: int) -> Parameter:
            return Parameter(np.array(values, "int32"), "numpy")

        # rows: (1, 0, 0, 2), (0, 3, 0, 0), (0, 0, 4, 0), (2, 0, 0, 5)
        content = ((4, 4), (number([1, 2, 3, 4, 2, 5]), integers(0, 3, 1, 2, 0, 3), integers(0, 2, 3, 4, 6)), False)
        after = narrowed(Node("SparseHamiltonian", (Tagged("sparse-csr", content),), (Wires((0, 1)), ()), (0, 1)), 0)
        shape, parts, _ = after.data[0].content
        assert (after.wires, shape) == ((1,), (2, 2))
        assert [part.value.tolist() for part in parts] == [[1, 3], [0, 1], [0, 1, 2]]
        assert parts[1].value.dtype == np.int32

    def test_one_wire_is_the_least(self) -> None:
        assert narrowed(gate("RX", 0.1), 0) is None
        assert narrowed(probs(0), 0) is None

    def test_the_operator_inside_keeps_its_wires(self) -> None:
        after = narrowed(controlled(gate("MultiRZ", 0.1, wires=(2, 3)), 0, 1), 0)
        assert after.wires == (1, 2, 3)
        assert after.metadata[1] == (True,)

    def test_what_only_wraps_cannot_be_narrowed(self) -> None:
        assert narrowed(wrapped("Adjoint", gate("MultiRZ", 0.1, wires=(0, 1))), 0) is None


def test_parameters_are_untouched_where_no_element_is_named() -> None:
    start = circuit(Node("Odd", (Parameter(np.array([np.nan])),), Wires((0,)), (0,)))
    assert with_elements(start, [], 0.0).parameters[0] is start.parameters[0]
