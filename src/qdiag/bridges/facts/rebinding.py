"""Operations that are others once their numbers are bound anew: what PennyLane does wherever it takes numbers out of an interface.

A circuit is bound anew before every method that leaves the interface and for every shifted circuit; for a state under the adjoint
method plain numbers are bound as well. An operation whose class forgets a setting on that way, as its control values, is another one
from then on, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.encoding import Encoding
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, parameters_of
from qdiag.model.variants import with_parameters

SAME = 1e-9
"""Matrices that are no further apart are the same."""

MOST_WIRES = 8
"""The matrix of an operation on more wires is not looked at."""


def rebound_operations(circuit: Circuit, trusted: bool) -> tuple[tuple[int, str], ...]:
    """Operations of a circuit that are others once their own numbers are bound to them again: position and name."""
    return tuple((position, circuit.operations[position].name) for position, _ in _others(circuit, trusted))


def bound_anew(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit as it is once its numbers have been bound anew; None where that is the same circuit."""
    others = dict(_others(circuit, trusted))
    operations = tuple(others.get(position, node) for position, node in enumerate(circuit.operations))
    return replace(circuit, operations=operations) if others else None


def _others(circuit: Circuit, trusted: bool) -> Iterator[tuple[int, Node]]:
    for position, node in enumerate(circuit.operations):
        if len(node.wires) <= MOST_WIRES and parameters_of(node):
            other = _once_bound(node, trusted)
            if other is not None:
                yield position, other


def _once_bound(node: Node, trusted: bool) -> Optional[Node]:
    """The operation that comes of it, with the numbers that it had; None where it is the same, or none comes of it."""
    numbers = parameters_of(node)
    try:
        with flattening.stop_recording():
            operator = Decoding(iter([parameter.value for parameter in numbers]), trusted).operator(node)
            again = qml.ops.functions.bind_new_parameters(operator, operator.data)
            other = Encoding().whole(again)
    except Exception:
        # each class has its own way of not being made or bound: what breaks down is not silently another one
        return None
    before, after = _matrix(operator, operator.wires), _matrix(again, operator.wires)
    if before is None or after is None or np.allclose(before, after, rtol=0.0, atol=SAME):
        return None
    return with_parameters(Circuit((other,), ()), numbers).operations[0] if len(parameters_of(other)) == len(numbers) else None


def _matrix(operator: Any, wires: Any) -> Optional[np.ndarray]:
    try:
        with flattening.stop_recording():
            return np.asarray(qml.matrix(operator, wire_order=wires))
    except Exception:
        # each class has its own way of having none
        return None
