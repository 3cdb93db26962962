"""Variants of a circuit: the same one but for its numbers, their precision, what is trainable, its wires, or what was left out.

Each is a pure function that returns a new circuit; none knows anything of searching.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import replace

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, Value, Wires, with_parts
from qdiag.model.parameter import WIDER, Parameter


def with_nodes(circuit: Circuit, change: Callable[[Value], Value]) -> Circuit:
    """A circuit whose trees have been rebuilt by ``change`` (see `rebuild`)."""
    return replace(
        circuit,
        operations=tuple(with_parts(node, change) for node in circuit.operations),
        measurements=tuple(with_parts(node, change) for node in circuit.measurements),
    )


def with_parameters(circuit: Circuit, parameters: Sequence[Parameter]) -> Circuit:
    """The same circuit with other parameters, given in the order of `Circuit.parameters`.

    Raises
    ------
    ValueError
        If there are more or fewer than the circuit has.
    """
    expected = len(circuit.parameters)
    if len(parameters) != expected:
        raise ValueError(f"the circuit has {expected} parameters, not {len(parameters)}")
    remaining = iter(parameters)
    return with_nodes(circuit, lambda value: next(remaining) if isinstance(value, Parameter) else value)


def with_values(circuit: Circuit, values: MappingType[int, np.ndarray]) -> Circuit:
    """The same circuit with other numbers at some positions of `Circuit.parameters`."""
    return with_parameters(
        circuit,
        [replace(p, value=values[i]) if i in values else p for i, p in enumerate(circuit.parameters)],
    )


def with_trainable(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit with exactly the parameters at these positions trainable; what is only marked stays so."""
    wanted = frozenset(positions)
    parameters = [replace(p, trainable=i in wanted, marked=p.marked and i not in wanted) for i, p in enumerate(circuit.parameters)]
    return with_parameters(circuit, parameters)


def without_marks(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit with what was only marked trainable at these positions made constants."""
    gone = frozenset(positions)
    return with_parameters(circuit, [replace(p, marked=p.marked and i not in gone) for i, p in enumerate(circuit.parameters)])


def as_evaluated(circuit: Circuit) -> Circuit:
    """The circuit of a call that nothing was differentiated at: what was trainable in it is only marked."""
    if not circuit.trainable:
        return circuit
    return with_parameters(circuit, [replace(p, trainable=False, marked=p.trainable or p.marked) for p in circuit.parameters])


def as_marked(circuit: Circuit) -> Circuit:
    """The circuit differentiated by all that is marked trainable, as far as it can be: whole numbers cannot."""
    if not circuit.marked:
        return circuit
    able = [p.marked and p.value.dtype.kind in "fc" for p in circuit.parameters]
    return with_parameters(
        circuit, [replace(p, trainable=True, marked=False) if taken else p for p, taken in zip(circuit.parameters, able)]
    )


_NARROWER = {"float64": "float32", "complex128": "complex64"}


def with_precision(circuit: Circuit, precision: str) -> Circuit:
    """The same circuit with every floating parameter in ``float64`` or ``float32`` (complex ones in the matching width).

    Where all are so already, the circuit itself.
    """
    table = {"float64": WIDER, "float32": _NARROWER}[precision]
    if not any(p.dtype in table for p in circuit.parameters):
        return circuit
    wanted = [table.get(p.dtype) for p in circuit.parameters]
    return with_parameters(
        circuit,
        [p if to is None else replace(p, value=p.value.astype(to), foreign="") for p, to in zip(circuit.parameters, wanted)],
    )


def with_dtypes_of(circuit: Circuit, other: Circuit) -> Circuit:
    """The same circuit, each parameter in the dtype that it has in another circuit of the same structure."""
    pairs = zip(circuit.parameters, other.parameters)
    return with_parameters(circuit, [replace(p, value=p.value.astype(q.value.dtype), foreign=q.foreign) for p, q in pairs])


def without_operations(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit less the operations at these positions."""
    gone = frozenset(positions)
    return replace(circuit, operations=tuple(op for i, op in enumerate(circuit.operations) if i not in gone))


def without_measurements(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit less the measurements at these positions.

    A lone remaining one is still returned as before; of a dictionary, whose names no longer fit, a tuple is left.
    """
    gone = frozenset(positions)
    left = tuple(m for i, m in enumerate(circuit.measurements) if i not in gone)
    named = circuit.returns.startswith("dict:") and len(left) < len(circuit.measurements)
    return replace(circuit, measurements=left, returns="tuple" if named else circuit.returns)


def with_wire_labels(circuit: Circuit, labels: MappingType[Label, Label]) -> Circuit:
    """The same circuit on other wires; labels that are not in the mapping stay."""

    def change(value: Value) -> Value:
        if isinstance(value, Wires):
            return Wires(tuple(labels.get(label, label) for label in value.labels))
        if isinstance(value, Node):
            return replace(value, wires=tuple(labels.get(label, label) for label in value.wires))
        return value

    return with_nodes(circuit, change)
