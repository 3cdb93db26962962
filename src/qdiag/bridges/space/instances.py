"""Instances of PennyLane's own operations, templates, symbolic operators and measurements, made automatically and by hand.

Every class that PennyLane ships is tried with generic arguments chosen from its signature; templates and operators with
particular needs have an entry in a table.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qdiag.bridges.space.generic import classes, classes_of, generic_makers, is_usable
from qdiag.bridges.space.measurements_by_hand import MEASUREMENTS
from qdiag.bridges.space.operators_by_hand import OPERATORS
from qdiag.bridges.space.templates_by_hand import TEMPLATES

_BY_HAND = {**TEMPLATES, **OPERATORS}


@dataclass(frozen=True)
class Instance:
    """An operator or measurement that PennyLane could make, and the label under which it is reported."""

    label: str
    operator: Any
    by_hand: bool = True

    @property
    def name(self) -> str:
        """What a user calls it: its label, or its class alone where nothing was chosen for it."""
        return self.label if self.by_hand else self.kind

    @property
    def kind(self) -> str:
        """The name of its class."""
        return type(self.operator).__name__


def operators(module: str = "") -> list[Instance]:
    """Every operator that could be made: by hand where there is an entry, else from generic arguments.

    Parameters
    ----------
    module
        A module whose classes come first, or "".
    """
    theirs = [instance for kind in classes_of(module) for instance in _automatic(kind)] if module else []
    found = theirs + [Instance(label, operator) for label, make in _BY_HAND.items() if (operator := make_or_none(make)) is not None]
    by_hand = {instance.kind for instance in found} | {instance.label for instance in found}
    for kind in classes():
        if kind.__name__ not in by_hand:
            found += _automatic(kind)
    return found


def _automatic(kind: type) -> list[Instance]:
    for what, make in generic_makers(kind):
        operator = make_or_none(make)
        if operator is not None and is_usable(operator):
            return [Instance(f"{kind.__name__} of a {what}", operator, by_hand=False)]
    return []


def measurements() -> list[Instance]:
    """Every measurement that could be made."""
    return [Instance(label, found) for label, make in MEASUREMENTS.items() if (found := make_or_none(make)) is not None]


def make_or_none(make: Callable[[], Any]) -> Any:
    """What a maker makes; None where this PennyLane makes nothing of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = make()
        except Exception:
            return None
    # On an old PennyLane some of these functions return nothing, or a function that queues operations.
    return None if found is None or not hasattr(found, "wires") else found
