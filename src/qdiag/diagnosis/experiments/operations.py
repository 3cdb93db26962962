"""Experiments on a circuit's operations: taken apart, left out, bound anew, or followed by others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import edit
from qdiag.evaluation import remote
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question, with_circuit
from qdiag.model.circuit import Circuit, postselects
from qdiag.model.method import ARBITER
from qdiag.model.node import Label, Node, Value, Wires, nodes_of, parameters_of
from qdiag.model.operator_families import OF_MODES, OF_QUTRITS
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_nodes, without_operations


def _bind_anew(question: Question, evaluator: Evaluator) -> Optional[Question]:
    circuit = evaluator.call(remote.bound_anew, question.circuit, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


BOUND_ANEW = Experiment("operations as they are once bound anew", _bind_anew, 2.0)


def _decompose(question: Question, evaluator: Evaluator, positions: Optional[tuple[int, ...]] = None) -> Optional[Question]:
    circuit = evaluator.call(remote.expansion_of, question.circuit, positions, question.trusted).result()
    return None if circuit is None else with_circuit(question, circuit)


DECOMPOSED = Experiment("operations decomposed", _decompose, 2.0)


def taken_apart(position: int) -> Experiment:
    """One operation in the parts that PennyLane makes of it."""
    return Experiment(f"operation {position} decomposed", lambda question, evaluator: _decompose(question, evaluator, (position,)), 2.0)


def _fixed(name: str, wire: Label, *angles: float) -> Node:
    return Node(name, tuple(Parameter(np.array(angle), "python", False) for angle in angles), (Wires((wire,)), ()), (wire,))


_QUARTER = np.pi / 2


def _around(node: Node, name: str) -> Optional[tuple[Node, Node, Node]]:
    """A rotation as another one between two fixed gates, with the very same matrix; None for any other gate."""
    if name not in ("RX", "RY", "RZ"):
        return None
    (wire,) = node.wires
    if name == "RY":
        return _fixed("PhaseShift", wire, -_QUARTER), replace(node, name="RX"), _fixed("PhaseShift", wire, _QUARTER)
    return _fixed("Hadamard", wire), replace(node, name={"RX": "RZ", "RZ": "RX"}[name]), _fixed("Hadamard", wire)


def _spell_out(question: Question, evaluator: Evaluator, names: Collection[str]) -> Optional[Question]:
    """Composite operations in their parts, and rotations by other ones."""
    operations = question.circuit.operations
    composite = tuple(i for i, node in enumerate(operations) if node.name in names and _around(node, node.name) is None)
    changed = _decompose(question, evaluator, composite) if composite else question
    if changed is None:
        return None
    spelt = [(node.name in names and _around(node, node.name)) or (node,) for node in changed.circuit.operations]
    return with_circuit(question, replace(changed.circuit, operations=tuple(part for parts in spelt for part in parts)))


def by_other_gates(names: Sequence[str]) -> Experiment:
    """All operations of these names by others that do the same; where a method does not take these, that tells nothing."""

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        changed = _spell_out(question, evaluator, names)
        if changed is None or changed.circuit == question.circuit:
            return None
        sides = [side for side in (0, 1) if changed.methods[side] != ARBITER]
        answers = [evaluator.submit(changed.request(side)) for side in sides]
        return changed if all(answer.result().failure is None for answer in answers) else None

    return Experiment(f"{' and '.join(names)} by other gates that do the same", change, 2.0)


def delete_operations(name: str, positions: Sequence[int]) -> Experiment:
    """Operations removed."""
    return edit(f"{name} removed", lambda circuit: without_operations(circuit, positions))


def left_out(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The circuit without these operations, and still with something to differentiate by, if it had.

    Where nothing is differentiated any more no rule of differentiation raises, whatever it raises on. So a rotation that is trained
    takes the place of operations that hold all that is: another one than they are, where they are not all that there is.
    """
    rest = without_operations(circuit, positions)
    if rest.trainable or not circuit.trainable:
        return rest
    gone = [circuit.operations[position] for position in positions]
    owner = next((node for node in gone if any(p.trainable for p in parameters_of(node))), None)
    if owner is None:
        return rest
    (wire, *_) = (*owner.wires, *circuit.wires, 0)
    kept = next(p for p in parameters_of(owner) if p.trainable)
    angle = replace(kept, value=np.array(0.7, dtype=kept.value.real.dtype if kept.value.dtype.kind in "fc" else np.float64))
    names, settings = _turns_of(circuit)
    name = next((name for name in names if name not in {node.name for node in gone}), names[0])
    rotation = Node(name, (angle,), (Wires((wire,)), settings), (wire,))
    first = min(positions)
    return replace(rest, operations=(*rest.operations[:first], rotation, *rest.operations[first:]))


def _turns_of(circuit: Circuit) -> tuple[tuple[str, str], tuple[Value, ...]]:
    """Two gates with one angle for the wires of a circuit, qubits or not, and what is fixed about them."""
    measured = {node.name for measurement in circuit.measurements for node in nodes_of(measurement)}
    if measured & OF_MODES:
        return ("Rotation", "QuadraticPhase"), ()
    if measured & OF_QUTRITS:
        return ("TRX", "TRY"), (("subspace", (0, 1)),)
    return ("RX", "RY"), ()


def leave_out(name: str, positions: Sequence[int], circuit: Circuit) -> Experiment:
    """Operations left out of a circuit, see `left_out`."""
    replaced = bool(circuit.trainable) and not without_operations(circuit, positions).trainable
    return edit(f"a rotation in the place of {name}" if replaced else f"{name} removed", lambda found: left_out(found, positions))


def _without_postselection(circuit: Circuit) -> Circuit:
    def change(value: Value) -> Value:
        if isinstance(value, tuple) and len(value) == 2 and value[0] == "postselect" and value[1] is not None:
            return ("postselect", None)
        return value

    return with_nodes(circuit, change)


POSTSELECTION_REMOVED = edit("postselection removed", lambda c: _without_postselection(c) if postselects(c) else None)


def _turn_before_measuring(circuit: Circuit) -> Optional[Circuit]:
    """A constant turn of each wire at the end, which leaves no basis state of a pure state without a share."""
    turns = tuple(
        Node(name, (Parameter(np.array(angle), "python", False),), (Wires((wire,)), ()), (wire,))
        for wire in circuit.wires
        for name, angle in (("RX", 0.7), ("RY", 1.1), ("RZ", 0.4))
    )
    return replace(circuit, operations=(*circuit.operations, *turns)) if turns else None


TURNED_AT_THE_END = edit("every wire turned before it is measured", _turn_before_measuring)
