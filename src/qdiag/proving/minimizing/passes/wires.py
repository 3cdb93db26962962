"""Passes on wires: operators on fewer of them, two in place of one, labels from 0."""

from __future__ import annotations

from itertools import combinations

from qdiag.model.circuit import Circuit
from qdiag.model.edits import Edit, places, without_wire
from qdiag.model.node import Node, Wires, walk
from qdiag.model.variants import with_wire_labels
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits
from qdiag.proving.minimizing.order import PLAIN_GATES

ANY_WIDTH = ("Identity", "MultiRZ", "PauliRot")
"""Plain gates that act on any number of wires."""


def narrow(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``MultiRZ(wires=[0, 1, 2])`` → ``MultiRZ(wires=[2])``, ``probs([0, 1])`` → ``probs([0])``, a 4×4 matrix → a 2×2 one."""
    groups = []
    for place, value in places(circuit):
        if isinstance(value, Node) and (value.name not in PLAIN_GATES or value.name in ANY_WIDTH):
            shorter = (without_wire(value, position) for position in range(len(value.wires)))
            groups += [[Edit(place, (node,))] for node in shorter if node is not None and len(node.wires) < len(value.wires)]
    return Changes.of_edits(circuit, groups)


def merge_wires(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``RX(wires=0) RY(wires=1)`` → ``RX(wires=0) RY(wires=0)``."""
    merged = (with_wire_labels(circuit, {second: first}) for first, second in combinations(circuit.wires, 2))
    return Changes.whole([candidate for candidate in merged if not _acts_twice_on_a_wire(candidate)])


def _acts_twice_on_a_wire(circuit: Circuit) -> bool:
    """Whether an operator would act on one wire twice."""
    lists = (value.labels for node in circuit.nodes for value in walk(node) if isinstance(value, Wires))
    touched = (node.wires for top in circuit.operations for node in walk(top) if isinstance(node, Node))
    return any(len(set(labels)) < len(labels) for source in (lists, touched) for labels in source)


def relabel(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """Wires ``5, 'a'`` → ``0, 1``, in order of first use."""
    labels = {label: position for position, label in enumerate(circuit.wires)}
    return Changes.whole([with_wire_labels(circuit, labels)] if any(a != b for a, b in labels.items()) else [])
