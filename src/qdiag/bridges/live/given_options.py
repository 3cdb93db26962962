"""A live value that a constructor was given, as an `Option`: what is plain or can be named is kept, anything else in words alone.

Nothing is kept alive, and nothing of the value's own code is run: only exact types of Python's and numpy's are looked into.
"""

from __future__ import annotations

import re
import sys
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from qdiag.model.option import Held, Kind, Option

MOST_ITEMS = 256
"""Numbers and items of one option that are kept."""

MOST_TEXT = 4096
"""Characters of a text that are kept."""

DEEPEST = 4
"""Containers inside each other that are followed."""

_SECRET = re.compile(r"(^|_)(token|password|passwd|secret|credentials?|auth|api_?key|key)$", re.IGNORECASE)
"""Options that are said to exist, and never written down."""


def option_of(name: str, value: Any) -> Option:
    """One option.

    Parameters
    ----------
    name
        What the constructor calls it.
    value
        What it was given.
    """
    if _SECRET.search(name) and value is not None:
        return _object("left out, since it may be a secret")
    return _kept(value, 0, [0])


def _kept(value: Any, depth: int, counted: list[int]) -> Option:
    kind = type(value)
    counted[0] += 1
    if value is None or kind in (bool, int, float):
        return value
    if kind is str:
        return value if len(value) <= MOST_TEXT else _object("a long text")
    if kind is complex:
        return Held(Kind.COMPLEX, (value.real, value.imag))
    if isinstance(value, np.generic) and kind.__module__ == "numpy":
        return _kept(value.item(), depth, counted) if value.dtype.kind in "biufcU" else _object(_named(kind))
    if kind in (list, tuple, dict):
        if depth == DEEPEST or counted[0] + len(value) > MOST_ITEMS:
            return _object(f"a {kind.__name__} that holds too much to be kept")
        items = value if kind is not dict else [part for pair in value.items() for part in pair]
        held = Kind.DICT if kind is dict else Kind.LIST if kind is list else Kind.TUPLE
        return Held(held, tuple(_kept(item, depth + 1, counted) for item in items))
    if kind is np.ndarray:
        return _array(value)
    if isinstance(value, np.dtype):
        return Held(Kind.NAME, (f"numpy:{value.name}",)) if value.name in vars(np) else _object(_named(kind))
    return _named_thing(value)


def _array(value: Any) -> Option:
    if value.dtype.kind not in "biufc" or value.size > MOST_ITEMS:
        return _object(f"an array of {value.dtype} of the shape {value.shape}")
    numbers = (Held(Kind.COMPLEX, (n.real, n.imag)) if isinstance(n, complex) else n for n in value.reshape(-1).tolist())
    return Held(Kind.ARRAY, (value.dtype.name, Held(Kind.TUPLE, value.shape), *numbers))


def _named_thing(value: Any) -> Option:
    """A class or function by the name under which it lies in its module; of an object only its class."""
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        name = importable_name(value)
        return Held(Kind.NAME, (name,)) if name else _object(f"{_named(value)}, which cannot be imported")
    return _object(f"an object ({_named(type(value))})")


def importable_name(value: Any) -> str:
    """``module:qualified.name`` of a class or function that lies there; "" where it does not, or belongs to the script itself."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return ""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return f"{module}:{name}" if found is value else ""


def _named(kind: Any) -> str:
    return str(getattr(kind, "__name__", None) or type(kind).__name__)


def _object(words: str) -> Held:
    return Held(Kind.OBJECT, (words,))
