"""Options of a trace, read back: what the file says is checked part by part, and bounded, since a stranger may have written it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qdiag.model.option import Held, Kind, Option

DEEPEST = 8
"""Containers inside each other that are read."""

_NON_FINITE = ("nan", "inf", "-inf")
_DTYPES = frozenset(np.dtype(name).name for name in ["?", "b", "B", "h", "H", "i", "I", "l", "L", "e", "f", "d", "F", "D"])


def option_from(entry: Any, depth: int = 0) -> Option:
    """An option from what JSON gave.

    Raises
    ------
    ValueError
        If the entry is none.
    """
    if entry is None or type(entry) in (bool, int, float, str):
        return entry  # type: ignore[no-any-return]
    if isinstance(entry, dict) and set(entry) == {"float"} and entry["float"] in _NON_FINITE:
        return float(entry["float"])
    if not isinstance(entry, dict) or set(entry) != {"kind", "parts"} or not isinstance(entry["parts"], list) or depth >= DEEPEST:
        raise ValueError("no option")
    held = Held(Kind(entry["kind"]), tuple(option_from(part, depth + 1) for part in entry["parts"]))
    if not _is_whole(held):
        raise ValueError("no option of its kind")
    return held


def _is_whole(held: Held) -> bool:
    """Whether the parts are such as belong to the kind."""
    parts = held.parts
    if held.kind is Kind.COMPLEX:
        return len(parts) == 2 and all(type(part) is float for part in parts)
    if held.kind in (Kind.NAME, Kind.OBJECT):
        return len(parts) == 1 and type(parts[0]) is str
    if held.kind is Kind.DICT:
        return len(parts) % 2 == 0 and all(not isinstance(key, Held) or key.kind is Kind.TUPLE for key in parts[::2])
    return held.kind is not Kind.ARRAY or _is_array(parts)


def _is_array(parts: tuple[Option, ...]) -> bool:
    if len(parts) < 2 or parts[0] not in _DTYPES or not isinstance(parts[1], Held) or parts[1].kind is not Kind.TUPLE:
        return False
    shape = parts[1].parts
    lengths = [length for length in shape if type(length) is int and length >= 0]
    numbers = parts[2:]
    plain = all(type(n) in (bool, int, float) or (isinstance(n, Held) and n.kind is Kind.COMPLEX) for n in numbers)
    return plain and len(lengths) == len(shape) and math.prod(lengths) == len(numbers)
