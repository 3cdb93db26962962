"""What a call was given whose results are no numbers: looked at while its arguments are still there, at the first such calls only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

from qdiag.bridges import results
from qdiag.model.not_finite import GivenNumbers, NotFinite
from qdiag.recording.call_reader import MAX_LEAVES, array_of
from qdiag.recording.ongoing_call import Ongoing

MOST_CALLS = 8
"""So many calls are looked at: what is not finite once stays so in most trainings."""

MOST_ROWS = 32
"""Rows that are told one by one."""


def given_numbers(call: Ongoing, index: int, names: Sequence[str]) -> NotFinite:
    """What a call was given.

    Parameters
    ----------
    call
        The call that is over.
    index
        Its index.
    names
        Those of the QNode's positional parameters.
    """
    named = [(names[i] if i < len(names) else f"*{i}", value) for i, value in enumerate(call.args)]
    found: list[GivenNumbers] = []
    for name, value in (*named, *call.kwargs.items()):
        leaves = results.outputs_of(value)[:MAX_LEAVES]
        for position, leaf in enumerate(leaves):
            numbers = _numbers_of(leaf)
            if numbers is not None and len(found) < MAX_LEAVES:
                found.append(_described(name if len(leaves) == 1 else f"{name}[{position}]", numbers))
    return NotFinite(index, tuple(found))


def _numbers_of(leaf: Any) -> Optional[np.ndarray]:
    if not hasattr(leaf, "dtype") and not isinstance(leaf, (int, float, complex)):
        return None
    array = array_of(leaf)
    return array if array.dtype.kind in "biufc" else None


def _described(name: str, numbers: np.ndarray) -> GivenNumbers:
    finite = np.isfinite(numbers)
    rows = numbers.reshape(numbers.shape[0], -1) if numbers.ndim > 1 else numbers.reshape(-1, 1)
    lost = np.flatnonzero(~finite.reshape(rows.shape).all(axis=1))[:MOST_ROWS]
    zero = np.flatnonzero(~rows.any(axis=1))[:MOST_ROWS] if numbers.ndim > 1 else _all_zero(numbers)
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(numbers[finite]), initial=0.0))
    return GivenNumbers(name, tuple(numbers.shape), tuple(map(int, lost)), tuple(map(int, zero)), largest)


def _all_zero(numbers: np.ndarray) -> Sequence[int]:
    """A vector is one row: the first, where all of it is zero."""
    return (0,) if numbers.ndim == 1 and numbers.size and not numbers.any() else ()
