"""The names of PennyLane's functions and classes as they stand in a script, and what a spelling asks of the speller."""

from __future__ import annotations

import keyword
from typing import Any, Protocol

import pennylane as qml

from qdiag.bridges.source.expression import Expression, Path
from qdiag.errors import OpaqueCircuitError
from qdiag.model.node import Mapping as FrozenMapping
from qdiag.model.node import Value

_SHORT = {"PauliX": "X", "PauliY": "Y", "PauliZ": "Z"}


class Speller(Protocol):
    """What a special spelling asks of the speller: the parts of a node as expressions."""

    def value(self, value: Value, *, raw: bool = False) -> Expression:
        """Anything inside a node."""


def named_values(metadata: Value) -> dict[str, Value]:
    """Every value that the metadata holds under a name."""
    found: dict[str, Value] = {}
    if isinstance(metadata, FrozenMapping):
        found.update((key, item) for key, item in metadata.items if isinstance(key, str))
    elif isinstance(metadata, (tuple, list)):
        if len(metadata) == 2 and isinstance(metadata[0], str):
            found[metadata[0]] = metadata[1]
        else:
            for part in metadata:
                found.update(named_values(part))
    return found


def path_of(kind: type) -> Path:
    """The shortest public name of one of PennyLane's classes."""
    name = kind.__name__
    for short in (_SHORT.get(name, name), name):
        if getattr(qml, short, None) is kind:
            return Path(f"qml.{short}", kind)
    for home in ("ops", "measurements", "templates", kind.__module__.partition(".")[2]):
        if _attribute_at(f"{home}.{name}") is kind:
            return Path(f"qml.{home}.{name}", kind)
    return Path(name, kind, f"from {kind.__module__} import {name}")


def path_named(dotted: str) -> Path:
    """One of PennyLane's functions or classes by its name below ``qml``; the name alone where this version has none."""
    for part in dotted.split("."):
        require_name(part)
    return Path(f"qml.{dotted}", _attribute_at(dotted))


def require_name(text: str) -> None:
    """Refuse text that is no Python name: it may come from a file by a stranger, and must not become code.

    Raises
    ------
    OpaqueCircuitError
        If it is none.
    """
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OpaqueCircuitError(f"{text!r} stands where a Python name belongs", "record the trace again")


def _attribute_at(dotted: str) -> Any:
    found: Any = qml
    for part in dotted.split("."):
        found = getattr(found, part, None)
    return found
