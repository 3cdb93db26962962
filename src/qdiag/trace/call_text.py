"""What surrounds a circuit (configuration, arguments, environment, failures) as strict JSON text. How it is read: `call_parser`."""

from __future__ import annotations

import functools
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Optional

from qdiag.trace import bound


def text_of(value: Any) -> str:
    """A value of `call`, or a tuple of them, as strict JSON (non-finite numbers as words)."""
    return bound.dumps(_plain(value), separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    """What JSON has for a value: asked for each part of each call that is written, so what is most often there comes first."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple or kind is list:
        return [_plain(part) for part in value]
    if isinstance(value, Enum):
        return value.value
    names = _names_of(kind)
    if names is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


_AS_THEY_ARE = frozenset([str, int, bool, type(None)])


@functools.cache
def _names_of(kind: type) -> Optional[tuple[str, ...]]:
    """The fields of a kind of values, None for what has none."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None
