"""Copies of plain values, and whether two are the same: numbers, words, arrays, and lists, tuples and dictionaries of these.

What is anything else is none: it is neither copied nor compared, and no code of the script's is run for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qdiag.bridges.codec import jax_numbers

MOST_BYTES = 1 << 20
"""Of one value's arrays."""

MOST_PARTS = 256

_WORDS = (type(None), bool, int, float, complex, str)


class NotPlainError(Exception):
    """A value is not plain, or too large."""


def copy_of(value: Any) -> Any:
    """A copy that later changes do not reach; arrays of JAX do not change, and are kept themselves.

    Raises
    ------
    NotPlainError
        Where the value is not plain, or too large.
    """
    return _copied(value, [MOST_PARTS, MOST_BYTES])


def _copied(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if type(value) in _WORDS or isinstance(value, np.generic):
        size = len(value) if type(value) is str else 0
    elif _is_array(value):
        size = int(value.nbytes)
    elif type(value) in (list, tuple, dict):
        size = 0
    else:
        raise NotPlainError(type(value).__name__)
    left[1] -= size
    if min(left) < 0:
        raise NotPlainError("it is too large")
    if type(value) in (list, tuple):
        return type(value)(_copied(part, left) for part in value)
    if type(value) is dict:
        if any(type(key) not in _WORDS for key in value):
            raise NotPlainError("its keys are not plain")
        return {key: _copied(part, left) for key, part in value.items()}
    return np.array(value) if type(value) is np.ndarray else value


def _is_array(value: Any) -> bool:
    if type(value) is np.ndarray:
        return bool(value.dtype.kind in "biufc")
    return jax_numbers.is_jax(type(value)) and not jax_numbers.is_traced(value)


def is_cheap(value: Any) -> bool:
    """Whether comparing it takes next to nothing."""
    return type(value) in _WORDS or isinstance(value, np.generic) or (_is_array(value) and value.size <= 64)


def looks_same(before: Any, now: Any) -> bool:
    """Whether a value may still be what it was. Arrays of JAX are compared by identity: a callback must not wait for their numbers."""
    return _compared(before, now, lambda one, other: one is other)


def is_same(before: Any, now: Any) -> bool:
    """Whether two plain values are equal to the last bit."""
    return _compared(before, now, _equal_arrays)


def _compared(before: Any, now: Any, equal: Any) -> bool:
    if type(before) is not type(now):
        return False
    if type(before) in (list, tuple):
        return len(before) == len(now) and all(_compared(one, other, equal) for one, other in zip(before, now))
    if type(before) is dict:
        return list(before) == list(now) and all(_compared(before[key], now[key], equal) for key in before)
    if type(before) is np.ndarray or isinstance(before, np.generic):
        return _equal_arrays(before, now)
    if type(before) in _WORDS:
        return bool(before == now) or (before != before and now != now)
    return bool(equal(before, now))


def _equal_arrays(before: Any, now: Any) -> bool:
    one, other = np.asarray(before), np.asarray(now)
    return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()


def words_of(value: Any) -> str:
    """A value in few characters."""
    if _is_array(value):
        flat = np.asarray(value).ravel()
        shown = ", ".join(f"{part:.6g}" for part in flat[:4])
        return shown if np.asarray(value).ndim == 0 else f"[{shown}{', …' if flat.size > 4 else ''}]"
    text = f"{value:.6g}" if isinstance(value, (float, np.floating)) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
