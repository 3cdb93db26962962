"""What a node holds as a key: nodes with equal keys are the same operator on the same numbers, whichever circuit they stand in."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Optional

from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter

LARGEST = 1024
"""Arrays of more bytes are no part of a key: whatever is stored by keys would become large."""


@dataclass(frozen=True)
class Named:
    """A node that is known by what it holds."""

    contents: Hashable
    node: Node = field(compare=False)


def named(node: Node) -> Optional[Named]:
    """A node by its contents; None where they are of a kind that has no key, or where a user's own class makes more of them."""
    try:
        return Named(_contents(node), node)
    except TypeError:
        return None


def _contents(value: Value) -> Hashable:
    if isinstance(value, Parameter):
        numbers = value.value
        if numbers.nbytes > LARGEST:
            raise TypeError("a large array")
        kind = (value.container, value.trainable, value.marked, value.foreign)
        return (kind, numbers.dtype.str, numbers.shape, numbers.tobytes())
    if isinstance(value, Node):
        if value.definition or value.opaque:
            raise TypeError(value.name)
        return ("node", value.name, _contents(value.data), _contents(value.metadata), value.wires)
    if isinstance(value, Mapping):
        return ("mapping", tuple((_contents(key), _contents(item)) for key, item in value.items))
    if isinstance(value, Tagged):
        return ("tagged", value.kind, _contents(value.content))
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, tuple(_contents(part) for part in value))
    if isinstance(value, (Wires, MeasuredOutcome)):
        return value
    if value is None or isinstance(value, (str, bytes, bool, int, float, complex)):
        # True and 1 are equal, and are not the same
        return (type(value).__name__, value)
    raise TypeError(type(value).__name__)
