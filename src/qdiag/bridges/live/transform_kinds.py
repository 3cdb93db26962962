"""What the transforms on a live QNode mean to do: PennyLane is asked first, the table of `transform_families` for the rest."""

from __future__ import annotations

from typing import Any

from qdiag.bridges.live.given_options import MOST_ITEMS
from qdiag.model.option import Held, Kind, Option
from qdiag.model.transform_families import TransformKind, kind_by_name

_INSIDE = ("tape_transform", "transform", "transform_fn", "_transform")
"""Under which of these names a version's wrapper keeps the function."""


_PRIVATE = "_transform"
"""How PennyLane ends the name of a transform, ``_simplify_transform``, that it exports as a function which does more."""


_CONTAINERS = (list, tuple, set, frozenset)
"""What gate sets and the like come in."""


def function_in(transform: Any) -> Any:
    """The function that its author wrote, whatever it is wrapped in."""
    for _ in range(10):
        inner = next((part for name in _INSIDE if (part := getattr(transform, name, None)) is not None), None)
        if inner is None or inner is transform:
            break
        transform = inner
    return transform


def name_of_transform(transform: Any) -> str:
    """The name under which PennyLane exports a transform."""
    function = function_in(transform)
    name = str(getattr(function, "__name__", None) or type(function).__name__)
    private = name.startswith("_") and name.endswith(_PRIVATE)
    return name[1 : -len(_PRIVATE)] if private else name


def kind_of_transform(transform: Any) -> TransformKind:
    """What a transform means to do."""
    if getattr(transform, "classical_cotransform", None) is not None or getattr(transform, "is_informative", False):
        return TransformKind.REMAKING
    function = function_in(transform)
    return kind_by_name(name_of_transform(transform), str(getattr(function, "__module__", "")))


def options_of_transforms(pipeline: Any) -> tuple[tuple[str, Option], ...]:
    """What the transforms were told by name, as ``metric_tensor.approx``: as far as a trace may hold it."""
    found = {}
    for transform in pipeline:
        keeps = kind_of_transform(transform) is TransformKind.PRESERVING
        for name, value in (getattr(transform, "kwargs", None) or {}).items():
            kept = _in_a_list(value) if keeps and type(value) in _CONTAINERS else value
            if kept is None or isinstance(kept, (bool, int, float, str, Held)):
                found[f"{name_of_transform(transform)}.{name}"] = kept
    return tuple(sorted(found.items(), key=lambda option: option[0]))


def _in_a_list(value: Any) -> Any:
    """A container of names and numbers as a list, a set in the order of its items' texts; anything else as it is."""
    if len(value) > MOST_ITEMS or not all(type(item) in (str, int, float) for item in value):
        return value
    return Held(Kind.LIST, tuple(sorted(value, key=str) if isinstance(value, (set, frozenset)) else value))


def measured_by(tapes: Any) -> tuple[str, ...]:
    """What tapes measure: each class once, in order."""
    return tuple(dict.fromkeys(type(measurement).__name__ for tape in tapes for measurement in getattr(tape, "measurements", ())))
