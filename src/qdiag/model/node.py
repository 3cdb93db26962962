"""An operator or a measurement as an immutable tree that knows no framework.

A `Node` is a class name, its data (numbers, and the operators nested in it), and metadata (wires and hyperparameters). Every number
that an operator carries is a `Parameter` leaf, so one walk over the tree sees all of them, also those that PennyLane's tape hides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Any, Union

from qdiag.model.parameter import Parameter

Label = Union[int, str]
"""A wire label."""


def spare_label(labels: Iterable[object]) -> Label:
    """A wire label that is not among these."""
    taken = set(labels)
    if all(isinstance(label, int) for label in taken):
        return max((label for label in taken if isinstance(label, int)), default=-1) + 1
    return next(name for name in chain(("aux", "auxiliary"), map("spare wire {}".format, count(1))) if name not in taken)


@dataclass(frozen=True)
class Wires:
    """Wire labels in order: a type of its own, so that relabelling finds them anywhere in the tree."""

    labels: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Mapping:
    """An immutable dictionary in the order of its making."""

    items: tuple[tuple[Value, Value], ...]

    def get(self, key: str, default: Value = None) -> Value:
        """The value stored under a string key."""
        return next((value for name, value in self.items if name == key), default)


@dataclass(frozen=True, eq=False)
class Tagged:
    """A value of a PennyLane type that is neither operator nor number: a Pauli word, shots, a set, a slice, …

    `kind` names the type in the words of the bridge's codec; `content` is made of ordinary values.
    """

    kind: str
    content: Value


@dataclass(frozen=True)
class MeasuredOutcome:
    """The outcome of mid-circuit measurements, as a lookup table.

    Parameters
    ----------
    measurements
        Positions, among the circuit's mid-circuit measurements in order of execution, of those it depends on.
    table
        One value for each of the ``2**len(measurements)`` branches, first measurement as the most significant bit.
    """

    measurements: tuple[int, ...]
    table: tuple[Union[bool, int, float], ...]


@dataclass(frozen=True, eq=False)
class Node:
    """An operator or a measurement process.

    Parameters
    ----------
    name
        The class name, such as ``RX``, ``Adjoint``, ``StronglyEntanglingLayers``, ``ExpectationMP``.
    data
        Numbers (`Parameter`), nested operators (`Node`), and tuples or lists of these, as PennyLane flattens them.
    metadata
        Everything else that rebuilds it: wires, hyperparameters, control values, …
    wires
        All wires that it touches (also those inside the metadata and nested operators), for reading and for edits.
    definition
        For a class that is not PennyLane's: the source code of the class. Executed only with the user's trust.
    opaque
        Why this node is known by name only, or "" where it can be rebuilt.
    """

    name: str
    data: tuple[Value, ...] = ()
    metadata: Value = None
    wires: tuple[Label, ...] = ()
    definition: str = ""
    opaque: str = ""


Value = Union[
    None, bool, int, float, complex, str, tuple[Any, ...], list[Any], Parameter, Wires, Mapping, Tagged, MeasuredOutcome, Node
]
"""Anything that a circuit's tree may hold."""


# --- reading -------------------------------------------------------------------------------------------------------------


def parts_of(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value, in the order that fixes the numbering of parameters."""
    if isinstance(value, Node):
        return (*value.data, value.metadata)
    if isinstance(value, (tuple, list)):
        return tuple(value)
    if isinstance(value, Mapping):
        return tuple(part for item in value.items for part in item)
    if isinstance(value, Tagged):
        return (value.content,)
    return ()


def walk(value: Value) -> Iterator[Value]:
    """A value and everything inside it, depth first."""
    yield value
    for part in parts_of(value):
        yield from walk(part)


def parameters_of(value: Value) -> tuple[Parameter, ...]:
    """The parameters inside a value, in order."""
    found: list[Parameter] = []
    _gather(value, Parameter, found)
    return tuple(found)


def nodes_of(value: Value) -> tuple[Node, ...]:
    """The operators inside a value, outermost first, the value itself among them."""
    found: list[Node] = []
    _gather(value, Node, found)
    return tuple(found)


def _gather(value: Value, kind: type[Any], found: list[Any]) -> None:
    """What of `walk` is of a kind, without a generator for each level: each call of a long replay is asked many times."""
    if isinstance(value, kind):
        found.append(value)
    if isinstance(value, Node):
        for part in value.data:
            _gather(part, kind, found)
        _gather(value.metadata, kind, found)
    elif isinstance(value, (tuple, list, Mapping, Tagged)):
        for part in parts_of(value):
            _gather(part, kind, found)


# --- rebuilding ----------------------------------------------------------------------------------------------------------


def rebuild(value: Value, change: Callable[[Value], Value]) -> Value:
    """A copy of a tree in which ``change`` has replaced values, inside out.

    Parameters
    ----------
    value
        The tree.
    change
        Called once for each value after its parts have been rebuilt; returns the value itself to keep it.
    """
    if isinstance(value, Node):
        data = tuple(rebuild(part, change) for part in value.data)
        return change(replace(value, data=data, metadata=rebuild(value.metadata, change)))
    if isinstance(value, (tuple, list)):
        return change(type(value)(rebuild(part, change) for part in value))
    if isinstance(value, Mapping):
        return change(Mapping(tuple((rebuild(k, change), rebuild(v, change)) for k, v in value.items)))
    if isinstance(value, Tagged):
        return change(Tagged(value.kind, rebuild(value.content, change)))
    return change(value)


def with_parts(node: Node, change: Callable[[Value], Value]) -> Node:
    """An operator that has been rebuilt by ``change`` (see `rebuild`)."""
    value = rebuild(node, change)
    if not isinstance(value, Node):
        raise TypeError(f"an operation must stay an operation, not become {type(value).__name__}")
    return value
