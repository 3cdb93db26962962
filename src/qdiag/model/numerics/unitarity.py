"""Gates that are given as a matrix which is not quite unitary, or not at all: how far they are from it, and the nearest ones that are.

PennyLane takes any matrix for a gate unless it is asked to look. What devices do with it differs then: one multiplies by it and takes
it back by its conjugate transpose, which is no inverse, another takes it apart into gates that are unitary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Value, nodes_of
from qdiag.model.operator_families import UNITARY_DIAGONALS, UNITARY_MATRICES
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_nodes

EXCUSED = 1e-5
"""How far a matrix may be from unitary for the digits that it was written with, or worked out in: six of them, or single precision."""

MOST_ROWS = 64
"""Rows of a matrix that is looked at: a gate on six wires."""


def skew(circuit: Circuit) -> float:
    """How far the gates of a circuit are from unitary for their digits, all together; what is further is none that was meant to be."""
    return sum(off for _, off in _defects(circuit) if off <= EXCUSED)


def farthest(circuit: Circuit) -> Optional[tuple[Node, float]]:
    """The gate that is furthest from unitary, and how far, where no digits excuse it; None where there is none."""
    found = max(_defects(circuit), key=lambda gate: gate[1], default=None)
    return found if found is not None and found[1] > EXCUSED else None


def with_unitary_gates(circuit: Circuit) -> Optional[Circuit]:
    """The circuit with the nearest unitary matrix for each that is none; None where all are, or one has no nearest."""
    if farthest(circuit) is None:
        return None
    try:
        return with_nodes(circuit, _made_unitary)
    except np.linalg.LinAlgError:
        return None


def _defects(circuit: Circuit) -> tuple[tuple[Node, float], ...]:
    return _defects_by_numbers(circuit) if _holds_matrices(circuit.form) else ()


@lru_cache(maxsize=64)
def _holds_matrices(circuit: Circuit) -> bool:
    return any(_given(node) is not None for top in circuit.operations for node in nodes_of(top))


@lru_cache(maxsize=16)
def _defects_by_numbers(circuit: Circuit) -> tuple[tuple[Node, float], ...]:
    return tuple(_with_defects(circuit))


def _with_defects(circuit: Circuit) -> Iterator[tuple[Node, float]]:
    for top in circuit.operations:
        for node in nodes_of(top):
            given = _given(node)
            if given is not None and given.value.shape[-1] <= MOST_ROWS and np.all(np.isfinite(given.value)):
                yield node, _defect(node, given.value)


def _given(node: Node) -> Optional[Parameter]:
    """The matrix, or the diagonal, that a node is given as."""
    first = node.data[0] if node.data else None
    if not isinstance(first, Parameter) or first.value.dtype.kind not in "biufc":
        return None
    shape = first.value.shape
    square = node.name in UNITARY_MATRICES and len(shape) > 1 and shape[-1] == shape[-2] > 0
    return first if square or (node.name in UNITARY_DIAGONALS and len(shape) > 0 and shape[-1] > 0) else None


def _defect(node: Node, value: np.ndarray) -> float:
    """The norm of what is left of ``U†U`` beside the identity: of several matrices the largest."""
    if node.name in UNITARY_DIAGONALS:
        return float(np.max(np.abs(np.abs(value.astype(complex)) ** 2 - 1)))
    wide = value.astype(complex)
    left = np.swapaxes(wide.conj(), -1, -2) @ wide - np.eye(wide.shape[-1])
    return float(np.max(np.linalg.norm(left, axis=(-2, -1))))


def _made_unitary(value: Value) -> Value:
    given = _given(value) if isinstance(value, Node) else None
    if not isinstance(value, Node) or given is None or given.value.shape[-1] > MOST_ROWS or _defect(value, given.value) <= EXCUSED:
        return value
    number = given.value if given.value.dtype.kind in "fc" else given.value.astype(float)
    if value.name in UNITARY_DIAGONALS:
        nearest = number / np.abs(number)
    else:
        left, _, right = np.linalg.svd(number)
        nearest = left @ right
    return replace(value, data=(replace(given, value=nearest.astype(number.dtype)), *value.data[1:]))
