"""What tests ask of the installed PennyLane: what it can do, where they differ by it, and an operator of its as a node."""

from __future__ import annotations

from typing import Any

from qdiag.bridges.codec.encoding import Encoding
from qdiag.model.node import Node


def node_of(operator: Any) -> Node:
    """An operator or measurement as a node; one that cannot be kept has a reason in `Node.opaque`."""
    return Encoding().whole(operator)


def has_flatten() -> bool:
    """Whether operators come apart by PennyLane's own ``_flatten`` (0.33 and newer)."""
    import pennylane as qml

    return hasattr(qml.operation.Operator, "_flatten")


def has_broadcasting() -> bool:
    """Whether a tape may carry a batch of parameters."""
    import pennylane as qml

    return hasattr(qml.operation.Operator, "batch_size")
