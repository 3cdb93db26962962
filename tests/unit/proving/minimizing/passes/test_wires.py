"""Passes on wires: none makes an operator act on a wire twice."""

from __future__ import annotations

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.changes import NO_EDITS
from qdiag.proving.minimizing.passes.wires import merge_wires, narrow, relabel
from tests.worlds.small_circuits import Z, circuit, controlled, expval, gate, gathered, names, probs, sketch


def merged(start: Circuit) -> list[tuple[object, ...]]:
    return [found.wires for found in merge_wires(start, NO_EDITS).each() if found is not None]


def test_two_wires_of_one_gate_are_not_merged() -> None:
    assert merged(circuit(gate("CNOT", wires=(0, 1)), measured=(probs(0),))) == []
    assert merged(circuit(controlled(gate("RX", 0.1, wires=(1,)), 0))) == []
    assert merged(circuit(measured=(probs(0, 1),))) == []


def test_two_factors_of_an_observable_may_come_to_lie_on_one_wire() -> None:
    assert merged(circuit(measured=(expval(gathered("Prod", Z, gate("PauliX", wires=(1,)))),))) == [(0,)]


def test_the_second_of_two_wires_is_the_one_that_goes() -> None:
    assert merged(circuit(gate("RX", 0.1, wires=("a",)), gate("RY", 0.2, wires=("b",)), measured=(probs("a"),))) == [("a",)]


def test_labels_that_are_in_order_are_left_alone() -> None:
    assert relabel(circuit(gate("CNOT", wires=(0, 1))), NO_EDITS).count == 0


def test_labels_are_exchanged_at_once() -> None:
    (found,) = relabel(circuit(gate("CNOT", wires=(1, 0)), measured=(probs(0),)), NO_EDITS).each()
    assert found is not None
    assert sketch(found) == "CNOT[0,1] | ProbabilityMP[1]"


def test_a_gate_of_a_fixed_number_of_wires_is_not_narrowed() -> None:
    start = circuit(gate("CNOT", wires=(0, 1)), gate("Toffoli", wires=(0, 1, 2)))
    assert narrow(start, NO_EDITS).count == 0
    assert names(start) == ("CNOT", "Toffoli")
