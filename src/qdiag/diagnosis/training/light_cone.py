"""The light cone of what is measured: the operations that can reach it at all, by wires alone."""

from __future__ import annotations

from qdiag.model.circuit import Circuit
from qdiag.model.node import Label
from qdiag.model.operator_families import MID_MEASUREMENTS


def inside_the_cone(circuit: Circuit) -> tuple[bool, ...]:
    """For each operation, whether there is a way along wires and operations behind it to what is measured."""
    cone: set[Label] = set()
    for measurement in circuit.measurements:
        # a measurement that names no wires is of all
        cone |= set(measurement.wires or circuit.wires)
    if any(operation.name in MID_MEASUREMENTS for operation in circuit.operations):
        # later operations may depend on what was measured, whatever their wires
        return (True,) * len(circuit.operations)
    inside = []
    for operation in reversed(circuit.operations):
        reaches = not operation.wires or bool(cone & set(operation.wires))
        if reaches:
            cone |= set(operation.wires)
        inside.append(reaches)
    return tuple(reversed(inside))
