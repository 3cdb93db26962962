"""How large what a measurement gives can become: an upper bound of its observable's operator norm, read off the tree."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Tagged, Value, parameters_of, walk
from qdiag.model.parameter import Parameter

_OF_A_SNAPSHOT = 3.0
"""How large the expectation value of a Pauli can be in one snapshot of a classical shadow."""


def norms_of(circuit: Circuit, outputs: int) -> tuple[float, ...]:
    """For each output, an upper bound of what it can be.

    Parameters
    ----------
    circuit
        The circuit.
    outputs
        How many outputs it gave: those of the measurements, once for each group of shots, or all in one array.
    """
    bounds = [_measurement(node) for node in circuit.measurements]
    if bounds and outputs % len(bounds) == 0:
        return tuple(bounds * (outputs // len(bounds)))
    return (max(bounds, default=1.0),) * outputs


def _measurement(node: Node) -> float:
    if node.name in families.ENTROPIES:
        return max(1.0, 2 * len(node.wires) * math.log(2))
    observables = [part for part in node.data if isinstance(part, Node)]
    numbers = [part for part in node.data if isinstance(part, Parameter)]
    bound = max([observable_norm(observable) for observable in observables], default=1.0)
    if not observables and numbers:
        bound = max(_largest(number) for number in numbers)
    if node.name in families.SHADOWS:
        # a snapshot is that much larger than the state that it is one of, on each wire that is looked at
        return bound * _OF_A_SNAPSHOT ** len(node.wires)
    return bound**2 if node.name in families.VARIANCES else bound


def observable_norm(node: Node) -> float:
    """An upper bound of an observable's operator norm."""
    if node.name in families.MATRIX_OBSERVABLES:
        return _matrix_norm(node)
    operands = [observable_norm(child) for child in _children(node.data)]
    if node.name in families.WEIGHTED_SUMS | families.SCALED:
        weights = np.concatenate([np.abs(number.value).ravel() for number in _own_numbers(node)] or [np.ones(1)])
        if len(operands) == 1:
            return float(np.max(weights, initial=0.0)) * operands[0]
        if len(weights) == len(operands):
            return float(np.dot(weights, operands))
        return float(np.max(weights, initial=0.0)) * sum(operands)
    if node.name in families.SUMS:
        return sum(operands)
    return math.prod(operands)


def _children(value: Value) -> list[Node]:
    if isinstance(value, Node):
        return [value]
    return [child for part in value for child in _children(part)] if isinstance(value, (tuple, list)) else []


def _own_numbers(node: Node) -> Sequence[Parameter]:
    inner = {id(number) for child in _children(node.data) for number in parameters_of(child)}
    return [number for number in parameters_of(node.data) if id(number) not in inner]


def _matrix_norm(node: Node) -> float:
    sparse = [part for part in walk(node) if isinstance(part, Tagged) and part.kind.startswith("sparse")]
    numbers = parameters_of(sparse[0]) if sparse else parameters_of(node)
    if sparse and len(numbers) == 3:
        return _row_sum(*(number.value for number in numbers))
    matrices = [number.value for number in numbers if number.value.ndim >= 2 and np.all(np.isfinite(number.value))]
    return max((float(np.max(np.linalg.norm(matrix, 2, axis=(-2, -1)))) for matrix in matrices), default=1.0)


def _row_sum(data: np.ndarray, columns: np.ndarray, starts: np.ndarray) -> float:
    sums = [float(np.sum(np.abs(data[start:end]))) for start, end in zip(starts, starts[1:])]
    return max(sums, default=1.0)


def _largest(number: Parameter) -> float:
    return float(np.max(np.abs(number.value), initial=0.0)) if number.value.dtype.kind in "iufc" else 1.0
