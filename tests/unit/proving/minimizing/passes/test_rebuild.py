"""The pass that leaves a local minimum: which operations it is built around, and what it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.passes.rebuild import FEW, rebuild
from tests.worlds.small_circuits import WORKSHOP, circuit, gate, names, probs


def around(*operations: str, **rest: Any) -> list[Circuit]:
    start = circuit(*(gate(name, 0.1) for name in operations), **rest)
    return [found for found in rebuild(start, WORKSHOP).each() if found is not None]


def test_each_operation_that_not_every_reader_knows_is_tried() -> None:
    assert [names(found) for found in around("Mine", "RX", "Yours")] == [("Rot", "Mine"), ("Rot", "Yours")]


def test_a_circuit_of_plain_gates_is_not_rebuilt() -> None:
    assert around("RX", "RY", "RZ", "Rot") == []


@pytest.mark.parametrize("count", range(FEW + 1))
def test_a_short_circuit_is_not_rebuilt(count: int) -> None:
    assert around(*["Mine"] * count) == []


def test_every_wire_is_turned_first_and_measured_in_three_ways() -> None:
    wide = circuit(gate("Mine", wires=("a", "b")), gate("RX", 0.1, wires=("a",)), gate("RX", 0.2, wires=("b",)))
    (found,) = rebuild(wide, WORKSHOP).each()
    assert found is not None
    assert [node.wires for node in found.operations] == [("a",), ("b",), ("a", "b")]
    assert len(found.measurements) == 6
    assert found.returns == "tuple"


def test_only_what_measures_an_observable_can_measure_others() -> None:
    assert around("Mine", "RX", "RY", measured=(probs(0),)) == []


def test_a_pennylane_without_the_gate_cannot_rebuild() -> None:
    without = replace(WORKSHOP, gate=lambda name, numbers, wires: None)
    assert not any(rebuild(circuit(*[gate("Mine")] * 3), without).each())
