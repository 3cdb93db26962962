"""Passes that put a simpler operator in the place of one: its decomposition, what it wraps, a plainer gate, a Pauli observable."""

from __future__ import annotations

from collections.abc import Iterator

from qdiag.model.circuit import Circuit
from qdiag.model.edits import Edit, Place, places
from qdiag.model.node import Node
from qdiag.model.operator_families import GATHERING, PAULIS
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits
from qdiag.proving.minimizing.order import PLAIN_GATES

Simpler = tuple[str, tuple[int, ...], tuple[int, ...]]
"""A gate's name, and which of the former gate's numbers and wires it takes."""

SIMPLER: dict[str, tuple[Simpler, ...]] = {
    "CRX": (("RX", (0,), (1,)),),
    "CRY": (("RY", (0,), (1,)),),
    "CRZ": (("RZ", (0,), (1,)),),
    "CRot": (("CRY", (1,), (0, 1)), ("Rot", (0, 1, 2), (1,))),
    "ControlledPhaseShift": (("PhaseShift", (0,), (1,)),),
    "CPhase": (("PhaseShift", (0,), (1,)),),
    "CNOT": (("PauliX", (), (1,)),),
    "CY": (("PauliY", (), (1,)),),
    "CZ": (("PauliZ", (), (1,)),),
    "CH": (("Hadamard", (), (1,)),),
    "SWAP": (("CNOT", (), (0, 1)),),
    "ISWAP": (("CNOT", (), (0, 1)),),
    "Toffoli": (("CNOT", (), (1, 2)), ("CNOT", (), (0, 2))),
    "CCZ": (("CZ", (), (1, 2)),),
    "CSWAP": (("SWAP", (), (1, 2)),),
    "Rot": (("RY", (1,), (0,)), ("RZ", (0,), (0,)), ("RZ", (2,), (0,))),
    "U3": (("RY", (0,), (0,)), ("PhaseShift", (1,), (0,))),
    "U2": (("PhaseShift", (0,), (0,)),),
    "U1": (("RX", (0,), (0,)), ("RZ", (0,), (0,))),
    "PhaseShift": (("RX", (0,), (0,)), ("RZ", (0,), (0,))),
    "RZ": (("RX", (0,), (0,)), ("RY", (0,), (0,))),
    "RY": (("RX", (0,), (0,)),),
    "IsingXX": (("RX", (0,), (0,)),),
    "IsingYY": (("RY", (0,), (0,)),),
    "IsingZZ": (("RZ", (0,), (0,)),),
    "IsingXY": (("RX", (0,), (0,)),),
    "MultiRZ": (("RZ", (0,), (0,)),),
    "PauliRot": (("RX", (0,), (0,)), ("RZ", (0,), (0,))),
    "SingleExcitation": (("CRY", (0,), (0, 1)), ("RY", (0,), (0,))),
    "DoubleExcitation": (("SingleExcitation", (0,), (0, 2)),),
}
"""What to try in a gate's place, in this order: as fewer wires and numbers, then as plainer names."""


def simplify_gates(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``CRX(x, wires=[0, 1])`` → ``RX(x, wires=1)``, ``Toffoli`` → ``CNOT``, ``Rot`` → ``RY``; also inside other operators."""
    groups = []
    for place, node in _operators(circuit):
        numbers = tuple(part for part in node.data if isinstance(part, Parameter))
        for name, kept, wires in SIMPLER.get(node.name, ()):
            if max(kept, default=-1) < len(numbers) and max(wires) < len(node.wires):
                gate = workshop.gate(name, tuple(numbers[i] for i in kept), tuple(node.wires[i] for i in wires))
                groups += [[Edit(place, (gate,))]] if gate is not None else []
    return Changes.of_edits(circuit, groups)


def _operators(circuit: Circuit) -> Iterator[tuple[Place, Node]]:
    """Operators that are, or are inside, operations."""
    for place, value in places(circuit):
        if isinstance(value, Node) and place[0] < len(circuit.operations):
            yield place, value


PLAINEST_FIRST = (PAULIS[-1], *PAULIS[:-1])
"""PauliZ before all: the simulators read it off without a change of basis."""


def simplify_observables(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``expval(Hermitian)`` → ``expval(PauliZ)``, ``expval(Y)`` → ``expval(Z)``."""
    groups = []
    for place, value in places(circuit):
        outermost = len(place) == 2 and place[0] >= len(circuit.operations)
        if isinstance(value, Node) and outermost and value.wires:
            plainer = PLAINEST_FIRST[: PLAINEST_FIRST.index(value.name)] if value.name in PAULIS else PLAINEST_FIRST
            gates = [workshop.gate(name, (), (wire,)) for wire in value.wires[:2] for name in plainer]
            groups += [[Edit(place, (gate,))] for gate in gates if gate is not None]
    return Changes.of_edits(circuit, groups)


def peel(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``adjoint(RX)`` → ``RX``, ``ctrl(RX)`` → ``RX``, ``2 * Z`` → ``Z``; of several operators inside, each."""
    groups = []
    for place, value in places(circuit):
        measures = len(place) == 1 and place[0] >= len(circuit.operations)
        if isinstance(value, Node) and not measures and value.name not in GATHERING:
            groups += [[Edit(place, (inner,))] for inner in _inner_nodes(value)]
    return Changes.of_edits(circuit, groups)


def _inner_nodes(node: Node) -> Iterator[Node]:
    for part in node.data:
        for inner in part if isinstance(part, (list, tuple)) else (part,):
            if isinstance(inner, Node):
                yield inner


def expand(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``StronglyEntanglingLayers`` → ``Rot Rot CNOT CNOT``, one level at a time."""
    composite = [position for position, node in enumerate(circuit.operations) if node.name not in PLAIN_GATES]

    def make(items: frozenset[int]) -> Circuit:
        expanded = workshop.expanded(circuit, composite[min(items)])
        if expanded is None:
            raise ValueError("it has no decomposition")
        return expanded

    return Changes(len(composite), make)
