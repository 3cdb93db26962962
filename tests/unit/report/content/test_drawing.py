"""A circuit as a drawing: boxes in columns, which fit a page and say in words what they show."""

from __future__ import annotations

import numpy as np

from qdiag.report.content.drawing import MOST_OPERATIONS, drawing
from qdiag.report.content.drawing import text as drawing_text
from tests.worlds.small_circuits import circuit, controlled, expval, gate, probs


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
