"""Passes that leave parts out: operations, measurements, terms of sums, factors of products, operands of composite operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.edits import Edit, Place, apply_edits, at, places
from qdiag.model.node import Node, Value
from qdiag.model.operator_families import GATHERING
from qdiag.model.parameter import Parameter
from qdiag.model.variants import without_measurements
from qdiag.proving.minimizing.changes import Changes, PennyLaneEdits


def delete_operations(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``RX RY CNOT RZ`` → ``RY``."""
    return Changes.deleting_operations(circuit)


def drop_measurements(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``expval(Z0), expval(Z1)`` → ``expval(Z1)``; at least one stays."""
    count = len(circuit.measurements)

    def make(items: frozenset[int]) -> Circuit:
        if len(items) == count:
            raise ValueError("a circuit without measurements returns nothing")
        return without_measurements(circuit, tuple(items))

    return Changes(count if count > 1 else 0, make)


def return_plainly(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``return (expval(Z0),)`` → ``return expval(Z0)``."""
    alone = len(circuit.measurements) == 1 and circuit.returns != "single"
    return Changes.whole([replace(circuit, returns="single")] if alone else [])


def drop_terms(circuit: Circuit, workshop: PennyLaneEdits) -> Changes:
    """``0.1 Z0 + 0.2 X0 X1`` → ``0.2 X1``, in observables and in operations."""
    groups: list[list[Edit]] = []
    coefficients: dict[int, tuple[Place, int]] = {}
    for place, value in places(circuit):
        if not isinstance(value, Node):
            continue
        if value.name in GATHERING and len(value.data) > 1:
            groups += [[Edit((*place, position))] for position in range(len(value.data))]
        elif _is_combination(value):
            if isinstance(value.data[0], Parameter):
                coefficients.update({len(groups) + term: ((*place, 0), term) for term in range(_length(value))})
            groups += _combination(place, value)
        else:
            groups += _operands(place, value)

    def make(items: frozenset[int]) -> Circuit:
        gone: dict[Place, list[int]] = {}
        for place, term in (coefficients[item] for item in items if item in coefficients):
            gone.setdefault(place, []).append(term)
        shorter = [Edit(place, (_without(at(circuit, place), terms),)) for place, terms in gone.items()]
        return apply_edits(circuit, [*shorter, *(edit for item in sorted(items) for edit in groups[item])])

    return Changes(len(groups), make)


def _without(array: Value, terms: list[int]) -> Value:
    """An array of coefficients without some: all at once, since only one value can take its place."""
    return replace(array, value=np.delete(array.value, terms)) if isinstance(array, Parameter) else array


def _is_combination(node: Node) -> bool:
    """Whether it holds coefficients and operators side by side."""
    if len(node.data) != 2 or not isinstance(node.data[1], (list, tuple)):
        return False
    return len(node.data[1]) > 1 and _length(node) == len(node.data[1])


def _length(node: Node) -> int:
    coefficients = node.data[0]
    if isinstance(coefficients, Parameter):
        return coefficients.value.size
    return len(coefficients) if isinstance(coefficients, (list, tuple)) else -1


def _combination(place: Place, node: Node) -> list[list[Edit]]:
    """An operator and its coefficient, where that has a place of its own."""
    listed = not isinstance(node.data[0], Parameter)
    return [[*([Edit((*place, 0, term))] if listed else []), Edit((*place, 1, term))] for term in range(_length(node))]


def _operands(place: Place, node: Node) -> list[list[Edit]]:
    """The entries of lists of operators, such as the phases of a QSVT."""
    return [
        [Edit((*place, part, entry))]
        for part, value in enumerate(node.data)
        if isinstance(value, (list, tuple)) and len(value) > 1 and all(isinstance(inner, Node) for inner in value)
        for entry in range(len(value))
    ]
