"""What stands in the cells of a trace's tables: each is checked when it is read, whatever the column was declared as.

What does not belong there is a ``TypeError`` or a ``ValueError``; whoever reads knows which file is damaged.
"""

from __future__ import annotations

import math
import re
from typing import Any, Optional

import numpy as np

from qdiag.model.call import Event
from qdiag.trace.array_bundle import unpack


def text_in(cell: object) -> str:
    """A text."""
    if not isinstance(cell, str):
        raise TypeError("something else stands where a text belongs")
    return cell


def whole_in(cell: object) -> int:
    """A whole number."""
    if type(cell) is not int:
        raise TypeError("something else stands where a whole number belongs")
    return cell


def natural_in(cell: object) -> int:
    """A whole number that counts."""
    if whole_in(cell) < 0:
        raise ValueError("a number is negative that counts")
    return whole_in(cell)


def word_in(cell: object) -> str:
    """A text that is the name of a dtype, or "": it becomes a part of scripts."""
    if re.fullmatch(r"\w*", text_in(cell), re.ASCII) is None:
        raise ValueError("no dtype has this name")
    return text_in(cell)


def arrays_in(packed: object) -> tuple[np.ndarray, ...]:
    """A bundle of arrays, all of which are there."""
    if not isinstance(packed, bytes):
        raise TypeError("no bundle of arrays")
    arrays = unpack(packed)
    if any(array is None for array in arrays):
        raise ValueError("an array is missing")
    return tuple(array for array in arrays if array is not None)


def conjugated_in(packed: bytes) -> tuple[Optional[np.ndarray], ...]:
    """Arrays of a trace that keeps autograd's convention, in torch's."""
    return tuple(None if array is None else np.conj(array) for array in unpack(packed))


def event_in(row: tuple[Any, ...]) -> Event:
    """An event, of a row of its columns."""
    kind, after, text, number = row
    if number is not None and (type(number) not in (int, float) or (kind != "loss" and not math.isfinite(number))):
        # a loss may be anything; all others count
        raise TypeError("no number")
    if text == "nan" and number is None and kind == "loss":
        return Event(kind, whole_in(after), "", math.nan)
    return Event(text_in(kind), whole_in(after), text_in(text), None if number is None else float(number))

