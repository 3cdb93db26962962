"""Whether what is said of an operation agrees: our matrix of it, its own, and that of its decomposition."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from qdiag.bridges.matrices.operator_matrices import decomposition, factors, is_structured, labels, leaf_matrix, matrix_of, own_matrix
from qdiag.model.numerics.measurements import dense
from qdiag.model.numerics.states import NotSimulated

CHECKED_WIRES = 6
"""Operations on more wires are not compared with their own second description."""

_EXACT = 1e-9


def is_defined(operator: Any) -> bool:
    """Whether our matrix stands whatever else is said of the operation: its parts have one meaning, and so has what joins them.

    A gate of our own table has one, and so has any operation in whose own matrix and decomposition nothing differs.
    """
    if leaf_matrix(operator) is not None:
        return True
    if not is_structured(operator):
        return False
    inner = [operator.base] if hasattr(operator, "base") else getattr(operator, "operands", getattr(operator, "ops", ()))
    return all(is_defined(part) or (len(part.wires) <= CHECKED_WIRES and not disagreement(part)) for part in inner)


def disagreement(operator: Any) -> str:
    """What speaks against an operation on plain numbers: where its own matrix, its decomposition and our matrix differ, or ""."""
    if not 0 < len(operator.wires) <= CHECKED_WIRES:
        return ""
    try:
        ours = matrix_of(operator)
    except NotSimulated:
        return ""
    rivals = {"its own matrix": own_matrix(operator), "its decomposition": _decomposition_matrix(operator)}
    found = []
    for name, rival in rivals.items():
        if rival is None or _up_to_phase(ours, rival):
            continue
        gap = float(np.max(np.abs(rival - ours)))
        found.append(f"{name} is {gap:.1e} away from the product of its factors")
    return "; ".join(found)


def _decomposition_matrix(operator: Any) -> Optional[np.ndarray]:
    try:
        found = tuple(step for part in decomposition(operator) for step in factors(part, 1))
        return dense(((1.0, found),), labels(operator.wires))
    except (NotSimulated, ValueError):
        return None


def _up_to_phase(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two matrices are the same but for a global phase, which decompositions are free to drop."""
    overlap = np.vdot(one, other)
    turn = overlap / abs(overlap) if abs(overlap) > 0 else 1.0
    return bool(np.max(np.abs(other - turn * one)) <= _EXACT)
