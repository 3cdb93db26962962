"""What the transforms on a live QNode mean to do: PennyLane is asked first, the table of `transform_families` for the rest."""

from __future__ import annotations

from typing import Any

from qdiag.model.option import Option
from qdiag.model.transform_families import TransformKind, kind_by_name

_INSIDE = ("tape_transform", "transform", "transform_fn", "_transform")
"""Under which of these names a version's wrapper keeps the function."""


_PRIVATE = "_transform"
"""How PennyLane ends the name of a transform, ``_simplify_transform``, that it exports as a function which does more."""


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
    found = {
        f"{name_of_transform(transform)}.{name}": value
        for transform in pipeline
        for name, value in (getattr(transform, "kwargs", None) or {}).items()
        if value is None or isinstance(value, (bool, int, float, str))
    }
    return tuple(sorted(found.items()))


def measured_by(tapes: Any) -> tuple[str, ...]:
    """What tapes measure: each class once, in order."""
    return tuple(dict.fromkeys(type(measurement).__name__ for tape in tapes for measurement in getattr(tape, "measurements", ())))
