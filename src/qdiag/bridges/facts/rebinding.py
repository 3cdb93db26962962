"""Operations that are others once their numbers are bound anew: what PennyLane does wherever it makes plain numbers of tensors.

A circuit is bound anew before every method that leaves the interface, and for every shifted circuit. An operation whose class forgets a
setting on that way, as its control values, is another one from then on, and nobody is told.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.model.circuit import Circuit, Node, parameters_of

SAME = 1e-9
"""Matrices that are no further apart are the same."""

MOST_WIRES = 8
"""The matrix of an operation on more wires is not looked at."""


def rebound_operations(circuit: Circuit, trusted: bool) -> tuple[tuple[int, str], ...]:
    """Operations of a circuit that are others once their own numbers are bound to them again: position and name."""
    return tuple(
        (position, node.name)
        for position, node in enumerate(circuit.operations)
        if parameters_of(node) and len(node.wires) <= MOST_WIRES and _is_another(node, trusted)
    )


def _is_another(node: Node, trusted: bool) -> bool:
    try:
        with flattening.stop_recording():
            operator = Decoding(iter([parameter.value for parameter in parameters_of(node)]), trusted).operator(node)
            again = qml.ops.functions.bind_new_parameters(operator, operator.data)
    except Exception:
        # each class has its own way of not being made or bound: what breaks down is not silently another one
        return False
    before, after = _matrix(operator, operator.wires), _matrix(again, operator.wires)
    return before is not None and after is not None and not np.allclose(before, after, rtol=0.0, atol=SAME)


def _matrix(operator: Any, wires: Any) -> Optional[np.ndarray]:
    try:
        with flattening.stop_recording():
            return np.asarray(qml.matrix(operator, wire_order=wires))
    except Exception:
        # each class has its own way of having none
        return None
