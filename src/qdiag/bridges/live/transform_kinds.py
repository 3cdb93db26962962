"""What the transforms on a live QNode mean to do: PennyLane is asked first, the table of `transform_families` for the rest."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from typing import Any

from qdiag.bridges.live.given_options import MOST_ITEMS
from qdiag.model.option import Held, Kind, Option
from qdiag.model.transform_families import TransformKind, kind_by_name

_INSIDE = ("tape_transform", "transform", "transform_fn", "_transform", "_impl")
"""Under which of these names a version's wrapper keeps the function, of a decomposition rule the last."""

_PIPELINES, _PREDICATES = ("pipeline",), ("stopping_condition",)
"""Options that name transforms, and those whose functions only say where it ends."""

_WEIGHT = (TransformKind.CHANGING, TransformKind.UNKNOWN, TransformKind.INSTRUCTED, TransformKind.PRESERVING)
"""What several transforms together promise: no more than the first of these that one of them does."""


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
    kind = kind_by_name(name_of_transform(transform), str(getattr(function_in(transform), "__module__", "")))
    return _as_told(getattr(transform, "kwargs", None) or {}) if kind is TransformKind.PRESERVING else kind


def _as_told(options: Mapping[str, Any]) -> TransformKind:
    """What a transform promises that leaves results alone, told to use these transforms and functions."""
    found = {TransformKind.PRESERVING}
    for name, value in options.items():
        if name in _PIPELINES and isinstance(value, (list, tuple)):
            found |= {_kind_in_a_pipeline(item) for item in value}
        elif name not in _PREDICATES and any(map(_is_the_scripts, _items(value))):
            found.add(TransformKind.INSTRUCTED)
    return next((kind for kind in _WEIGHT if kind in found), TransformKind.UNKNOWN)


def _kind_in_a_pipeline(item: Any) -> TransformKind:
    if not isinstance(item, functools.partial):
        return kind_of_transform(item)
    kind = kind_of_transform(item.func)
    return _as_told(item.keywords) if kind is TransformKind.PRESERVING else kind


def _items(value: Any) -> tuple[Any, ...]:
    """What an option holds, in lists and under the keys of dictionaries, too."""
    parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else None
    return (value,) if parts is None else tuple(item for part in parts for item in _items(part))


def _is_the_scripts(value: Any) -> bool:
    """Whether an option is a function that is none of PennyLane's."""
    function = function_in(value)
    module = getattr(function, "__module__", None)
    return isinstance(function, types.FunctionType) and isinstance(module, str) and module.split(".")[0] != "pennylane"


def options_of_transforms(pipeline: Any) -> tuple[tuple[str, Option], ...]:
    """What the transforms were told by name, as ``metric_tensor.approx``: as far as a trace may hold it."""
    found = {}
    for transform in pipeline:
        keeps = kind_of_transform(transform) in (TransformKind.PRESERVING, TransformKind.INSTRUCTED)
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
