"""Circuits written in a line, as PennyLane's newest form would record them, and a workshop that needs no PennyLane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, Value, Wires, parameters_of, walk
from qdiag.model.parameter import Parameter
from qdiag.proving.minimizing.changes import PennyLaneEdits

NO_WIRES = (("wires", None),)


def number(value: Any, *, trainable: bool = False, dtype: str = "float64") -> Parameter:
    """A trainable number is torch's, a constant is Python's or numpy's."""
    array = np.asarray(value, dtype=dtype)
    return Parameter(array, "torch" if trainable else "numpy" if array.ndim else "python", trainable)


def gate(name: str, *values: Any, wires: tuple[Label, ...] = (0,), trainable: bool = False, dtype: str = "float64") -> Node:
    data = tuple(number(value, trainable=trainable, dtype=dtype) for value in values)
    return Node(name, data, (Wires(wires), ()), wires)


def wrapped(name: str, base: Node, *rest: Value, metadata: Value = ()) -> Node:
    return Node(name, (base, *rest), metadata, base.wires)


def controlled(base: Node, *controls: Label) -> Node:
    metadata = (Wires(controls), (True,) * len(controls), Wires(()), "borrowed")
    return Node("Controlled", (base,), metadata, (*controls, *base.wires))


def gathered(name: str, *operands: Node) -> Node:
    return Node(name, operands, () if name == "Prod" else None, tuple(dict.fromkeys(w for o in operands for w in o.wires)))


def combination(*terms: tuple[float, Node]) -> Node:
    coefficients, operators = [number(c) for c, _ in terms], [o for _, o in terms]
    return Node("LinearCombination", (coefficients, operators), None, gathered("Sum", *operators).wires)


def expval(observable: Node) -> Node:
    return Node("ExpectationMP", (observable, None), NO_WIRES, observable.wires)


def probs(*wires: Label) -> Node:
    return Node("ProbabilityMP", (None, None), (("wires", Wires(wires)),), wires)


Z = gate("PauliZ")


def circuit(*operations: Node, measured: tuple[Node, ...] = (expval(Z),), **rest: Any) -> Circuit:
    return Circuit(operations, measured, **rest)


def numbered(count: int) -> Circuit:
    """Operations G0, G1, … on one wire."""
    return circuit(*(gate(f"G{i}") for i in range(count)))


def names(found: Circuit) -> tuple[str, ...]:
    return tuple(node.name for node in found.operations)


def sketch(found: Circuit) -> str:
    """A circuit in a line, such as ``RX(0.3*)[0] CNOT[0,1] | ExpectationMP(PauliZ[0])``; a star marks what is trainable."""
    ends = f" -> {found.returns}" if found.returns != "single" else ""
    shots = f" shots={found.shots}" if found.shots else ""
    return " | ".join(" ".join(map(_sketched, nodes)) for nodes in (found.operations, found.measurements)) + shots + ends


def _sketched(node: Node) -> str:
    inner = [_value(part) for part in node.data if part is not None]
    words = [w for w in walk(node.metadata) if isinstance(w, str) and w and set(w) <= set("XYZ")]
    text = ",".join(inner + words)
    return f"{node.name}{f'({text})' if text else ''}[{','.join(map(str, node.wires))}]"


def _value(value: Value) -> str:
    if isinstance(value, Node):
        return _sketched(value)
    if isinstance(value, Parameter):
        text = str(np.round(value.value, 6).tolist()).replace(" ", "")
        width = "f" if value.value.dtype == np.float32 else ""
        return text + width + ("*" if value.trainable else "") + ("t" if not value.trainable and value.container == "torch" else "")
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_value, value)) + "]"
    return repr(value)


def _gate(name: str, numbers: tuple[Parameter, ...], wires: tuple[Label, ...]) -> Optional[Node]:
    return Node(name, numbers, (Wires(wires), ()), wires)


def _expanded(found: Circuit, position: int) -> Optional[Circuit]:
    """A layer is one RY for each of its numbers."""
    node = found.operations[position]
    if node.name != "Layer":
        return None
    angles = parameters_of(node)[0]
    parts = tuple(
        Node("RY", (replace(angles, value=np.asarray(angle)),), (Wires((wire,)), ()), (wire,))
        for wire, angle in zip(node.wires, angles.value)
    )
    return replace(found, operations=found.operations[:position] + parts + found.operations[position + 1 :])


def _batched(found: Circuit) -> tuple[int, ...]:
    scalars = ("RX", "RY", "RZ")
    owned = [(p, node.name) for node in found.nodes for p in parameters_of(node)]
    return tuple(i for i, (p, name) in enumerate(owned) if name in scalars and p.value.ndim == 1)


WORKSHOP = PennyLaneEdits(_expanded, _gate, _batched)
