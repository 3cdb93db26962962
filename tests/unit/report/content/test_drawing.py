"""A circuit as a drawing: boxes in columns, which fit a page and say in words what they show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.node import Node
from qdiag.report.content.drawing import MOST_OPERATIONS, drawing
from qdiag.report.content.drawing import text as drawing_text
from tests.worlds.small_circuits import circuit, combination, controlled, expval, gate, gathered, number, probs, wrapped


def test_a_circuit_is_drawn_in_columns() -> None:
    drawn = drawing(
        circuit(gate("Hadamard"), controlled(gate("RY", 0.5, wires=(2,)), 0), gate("CNOT", wires=(1, 2)), measured=(probs(0, 1),))
    )
    assert drawing_text(drawn).splitlines() == [
        "0: ─H─╭●──────────┤ ╭probs",
        "1: ───│────────╭●─┤ ╰probs",
        "2: ───╰RY(0.5)─╰X──────────",
    ]


def test_a_long_circuit_is_folded_and_says_what_it_leaves_out() -> None:
    drawn = drawing(circuit(*(gate("RX", 0.1) for _ in range(MOST_OPERATIONS + 5))))
    written = drawing_text(drawn, width=80)
    assert max(map(len, written.splitlines())) <= 80
    assert "5 further operations left out" in written


def test_adjoints_tensors_and_matrices_have_short_names() -> None:
    matrix = gate("QubitUnitary", np.eye(4), wires=(0, 1))
    drawn = drawing(circuit(matrix, measured=(expval(gate("Hermitian", np.eye(2))),)))
    assert [box.label for box in drawn.boxes] == ["U", "⟨A⟩"]


def labels(*operations: Node) -> list[str]:
    return [box.label for box in drawing(circuit(*operations, measured=())).boxes]


@pytest.mark.parametrize(
    ("operation", "label"),
    [
        (gate("RX", 0.31), "RX(0.31)"),
        (gate("RX", 1 / 3), "RX(0.333)"),
        (gate("PhaseShift", 2.0), "Rϕ(2)"),
        (gate("Rot", 0.1, 0.2, 0.3), "Rot(0.1, 0.2, 0.3)"),
        (gate("RX", [0.1, 0.2, 0.3]), "RX(3 numbers)"),
        (gate("StronglyEntanglingLayers", np.zeros((2, 3, 3))), "StronglyEntanglingLayers"),
        (wrapped("Adjoint", gate("S")), "S†"),
        (wrapped("Adjoint", gate("RX", 0.5)), "RX(0.5)†"),
        (gate("BasisState", [1, 0], wires=(0, 1)), "|b⟩"),
        (gate("MyVeryOwnOperationOfManyLetters"), "MyVeryOwnOperationOfMan…"),
        (wrapped("Exp", gate("PauliX"), number(0.5)), "Exp(X)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_operation_is_called(operation: Node, label: str) -> None:
    assert labels(operation) == [label]


@pytest.mark.parametrize(
    ("measurement", "label"),
    [
        (expval(gate("PauliZ")), "⟨Z⟩"),
        (expval(gathered("Prod", gate("PauliZ"), gate("PauliX", wires=(1,)))), "⟨Z⊗X⟩"),
        (expval(combination((1.2, gate("PauliZ")), (0.5, gate("PauliX", wires=(1,))))), "⟨1.2·Z(0) + 0.5·X(1)⟩"),
        (Node("VarianceMP", (gate("PauliZ"),), None, (0,)), "Var[Z]"),
        (probs(0, 1), "probs"),
        (Node("VnEntropyMP", (), None, (0,)), "entropy"),
        (Node("ClassicalShadowMP", (), None, (0,)), "classicalshadow"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_measurement_is_called(measurement: Node, label: str) -> None:
    assert [box.label for box in drawing(circuit(measured=(measurement,))).boxes] == [label]


def test_controls_are_told_from_targets() -> None:
    boxes = drawing(circuit(gate("Toffoli", wires=(2, 0, 1)), controlled(gate("RY", 0.5, wires=(0,)), 2), measured=())).boxes
    assert [(box.rows, tuple(sorted(box.controls)), box.label) for box in boxes] == [((1,), (0, 2), "X"), ((0,), (2,), "RY(0.5)")]


def test_wires_that_are_numbers_are_in_their_order_and_others_in_theirs() -> None:
    assert drawing(circuit(gate("X", wires=(3,)), gate("X", wires=(1,)), measured=())).wires == ("1", "3")
    assert drawing(circuit(gate("X", wires=("b",)), gate("X", wires=("a",)), measured=())).wires == ("b", "a")


def test_an_empty_circuit_is_a_wire() -> None:
    drawn = drawing(circuit(measured=()))
    assert (drawn.wires, drawn.boxes, drawn.columns) == (("0",), (), 1)
    assert "nothing" in drawn.alt


def test_it_is_said_in_words_what_is_drawn() -> None:
    drawn = drawing(circuit(*(gate("RX", 0.1) for _ in range(20)), gate("CNOT", wires=(0, 1))))
    assert drawn.alt.startswith("Circuit of 21 operations on 2 wires: RX, RX")
    assert drawn.alt.endswith("…; measured: Expectation")


OPERATIONS = st.lists(
    st.builds(
        lambda name, wires: gate(
            name, *([0.5] if name in ("RX", "CRX") else []), wires=tuple(wires[: 2 if name.startswith("C") else 1])
        ),
        st.sampled_from(["RX", "Hadamard", "CNOT", "CRX"]),
        st.permutations(range(4)),
    ),
    max_size=25,
)


@given(OPERATIONS)
def test_no_two_boxes_lie_on_each_other_and_each_wire_has_its_order(operations: list[Node]) -> None:
    drawn = drawing(circuit(*operations, measured=()))
    taken = [(box.column, row) for box in drawn.boxes for row in box.span]
    assert len(taken) == len(set(taken))
    for row in range(len(drawn.wires)):
        columns = [box.column for box in drawn.boxes if row in box.span]
        assert columns == sorted(columns)


@given(OPERATIONS, st.integers(30, 120))
def test_a_drawing_as_text_is_folded_to_its_width_and_loses_nothing(operations: list[Node], width: int) -> None:
    drawn = drawing(circuit(*operations))
    written = drawing_text(drawn, width)
    blocks = written.split("\n\n")
    assert all(len(block.splitlines()) == len(drawn.wires) for block in blocks)
    assert max(map(len, written.splitlines())) <= width
    for label in {box.label for box in drawn.boxes}:
        # X stands in RX as well: what counts is that none is lost
        assert written.count(label) >= sum(1 for box in drawn.boxes if box.label == label)


def test_an_observable_of_many_terms_has_a_letter_and_its_terms_stand_below() -> None:
    terms = [(0.1 * number, gate("PauliZ", wires=(number,))) for number in range(1, 4)]
    drawn = drawing(circuit(measured=(expval(combination(*terms)),)))
    assert drawn.boxes[0].label == "⟨ℋ⟩"
    assert drawn.note == "ℋ = 0.1·Z(1) + 0.2·Z(2) + 0.3·Z(3)"
    assert drawn.note in drawing_text(drawn)


def test_a_sum_of_a_hundred_terms_is_cut() -> None:
    drawn = drawing(circuit(measured=(expval(combination(*((0.5, gate("PauliZ", wires=(n,))) for n in range(100)))),)))
    assert len(drawn.note) <= 170
    assert drawn.note.endswith("…")
