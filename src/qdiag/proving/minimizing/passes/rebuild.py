"""A pass that leaves a local minimum: one operation between generic rotations, in the place of everything else."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node
from qdiag.model.operator_families import PAULIS
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits
from qdiag.proving.minimizing.order import PLAIN_GATES

ANGLES = (0.4, 1.1, 0.7)
"""Nothing special happens at these."""

FEW = 2
"""Circuits of so few operations are not rebuilt."""


def rebuild(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``BasisState RX RX Hopping Hopping`` → ``Rot Rot Hopping`` with X, Y and Z of each wire, from which others then delete."""
    if len(circuit.operations) <= FEW:
        return Changes(0, lambda items: circuit)
    suspects = [node for node in circuit.operations if node.wires and node.name not in PLAIN_GATES]
    rebuilt = (_around(circuit, node, workshop) for node in suspects)
    return Changes.whole([candidate for candidate in rebuilt if candidate is not None])


def _around(circuit: Circuit, node: Node, workshop: PennyLaneEdits) -> Optional[Circuit]:
    numbers = tuple(Parameter(np.asarray(angle)) for angle in ANGLES)
    before = [workshop.gate("Rot", numbers, (wire,)) for wire in node.wires]
    measured = _measurements(circuit, node.wires, workshop)
    if any(gate is None for gate in before) or not measured:
        return None
    operations = (*(gate for gate in before if gate is not None), node)
    return replace(circuit, operations=operations, measurements=measured, returns="tuple")


def _measurements(circuit: Circuit, wires: tuple[Label, ...], workshop: PennyLaneEdits) -> tuple[Node, ...]:
    """Measurements of the circuit's own kind, of every Pauli operator on every wire."""
    pattern = next((node for node in circuit.measurements if node.data and isinstance(node.data[0], Node)), None)
    if pattern is None:
        return ()
    observables = [workshop.gate(name, (), (wire,)) for wire in wires for name in PAULIS]
    return tuple(replace(pattern, data=(gate, *pattern.data[1:]), wires=gate.wires) for gate in observables if gate is not None)
