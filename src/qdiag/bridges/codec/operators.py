"""A single operator or measurement made again from its `Node`; whole circuits are made in `tapes`.

Recording never raises: what cannot be kept exactly becomes its decomposition, and what has none a node known by name only.
Rebuilding is strict: a node that this PennyLane cannot make is an `OpaqueCircuitError`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.decoding import Decoding
from qdiag.model.node import Node


def operator_of(node: Node, numbers: Optional[Iterator[Any]] = None, *, trusted: bool = False) -> Any:
    """The PennyLane operator or measurement that a node stands for.

    Parameters
    ----------
    node
        The node.
    numbers
        The live number for each parameter in walk order; None for the recorded ones.
    trusted
        Whether source code that the node carries may be executed.

    Raises
    ------
    OpaqueCircuitError
        If the node is known by name only, or this PennyLane cannot make it.
    """
    with flattening.stop_recording():
        return Decoding(numbers, trusted).operator(node)
