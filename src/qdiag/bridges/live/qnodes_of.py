"""The QNodes that a user's object holds: itself, a module's and those of the modules inside it, an object's attributes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pennylane as qml


def qnodes_of(target: Any) -> tuple[Any, ...]:
    """Every QNode that a target holds, each once; none where it holds them out of sight, as in a closure.

    Parameters
    ----------
    target
        A QNode, a ``torch.nn.Module``, or any object with QNodes among its attributes.
    """
    found = {id(qnode): qnode for part in _parts(target) for qnode in _held_qnodes(part)}
    return tuple(found.values())


def _parts(target: Any) -> Iterator[Any]:
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(target, torch.nn.Module):
        yield from target.modules()
    else:
        yield target


def _held_qnodes(part: Any) -> Iterator[Any]:
    if isinstance(part, qml.QNode):
        yield part
        return
    for value in list(getattr(part, "__dict__", {}).values()):
        yield from (one for one in _unpacked(value) if isinstance(one, qml.QNode))


def _unpacked(value: Any) -> Iterable[Any]:
    """What a container of one level holds."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple, set)) else (value,)
