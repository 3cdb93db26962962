"""Which numbers of an operator PennyLane's shift rules leave to finite differences: the operator is asked, no table of names.

By its ``grad_method``: an operator without a rule of its own says ``"F"``, and the rules then take a difference quotient for it
without a word. One that says nothing is taken apart first, and its parts are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pennylane as qml

from qdiag.bridges.codec import flattening

MAX_DEPTH = 8
"""Decompositions of decompositions are followed this far."""


def left_to_differences(operator: Any, depth: int = MAX_DEPTH) -> tuple[Any, ...]:
    """The numbers of an operator, and of the parts that stand for it, which are moved by finite differences."""
    method = getattr(operator, "grad_method", None)
    if method == "F":
        return tuple(operator.data)
    if method is not None or depth == 0 or not operator.data:
        return ()
    return tuple(number for part in _parts(operator) for number in left_to_differences(part, depth - 1))


def takes_differences(operators: Sequence[Any]) -> bool:
    """Whether that is so for any tracked number of these operators; False where one cannot say."""
    try:
        return any(bool(qml.math.requires_grad(number)) for operator in operators for number in left_to_differences(operator))
    except Exception:
        # whatever an operator of the user's own says against the question, its gradient is judged all the same
        return False


def _parts(operator: Any) -> tuple[Any, ...]:
    try:
        return tuple(flattening.decomposition(operator))
    except Exception:
        # PennyLane says in many ways that there is no decomposition
        return ()
