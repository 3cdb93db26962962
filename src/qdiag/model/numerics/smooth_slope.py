"""The derivative of small arrays that are smooth in one number, from few evaluations: what a step's matrices need.

Central differences at halved steps are extrapolated to step zero. The arrays are a few entries made of sines, roots and exponentials,
so four pairs of points are enough; where they do not converge, or have a kink, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

import numpy as np

WIDEST = (0.2, 0.2 / 64)
"""The widest step, in units in which angles are moved by one; the second one is tried where the first is too wide."""

PAIRS = 6
"""At most so many pairs of points for each."""

EVALUATIONS = 2 * 4 + 1
"""As many as it takes where the arrays are made of angles."""

_EPS = float(np.finfo(np.float64).eps)
_SAFETY = 8.0
_FAST = 0.1
"""From one order to the next the differences fall by more than this where an extrapolation converges."""

_ENOUGH = 1e-12
_WORST = 1e-9
_SMOOTH = 1e-6


def smooth_slope(function: Callable[[float], np.ndarray]) -> Optional[tuple[np.ndarray, np.ndarray]]:
    """The derivative of an array at zero, with an absolute error for each entry; None where there is none to be sure of.

    Parameters
    ----------
    function
        From a number to a real array of one shape. Where it raises ArithmeticError or ValueError it is at the edge of its domain, and
        there is no derivative to both sides.
    """
    try:
        middle = np.asarray(function(0.0), dtype=np.float64)
        for widest in WIDEST:
            found = _extrapolate(function, middle, widest)
            if found is not None:
                return found
    except (ArithmeticError, ValueError):
        pass
    return None


def _extrapolate(function: Callable[[float], np.ndarray], middle: np.ndarray, widest: float) -> Optional[tuple[np.ndarray, np.ndarray]]:
    slopes, bends = _Tableau(), _Tableau()
    size = float(np.max(np.abs(middle), initial=0.0))
    still = np.ones(middle.shape, dtype=bool)
    for pair in range(PAIRS):
        step = widest / 2**pair
        right, left = (np.asarray(function(side * step), dtype=np.float64) for side in (1, -1))
        if not (right.shape == left.shape == middle.shape and np.isfinite(right).all() and np.isfinite(left).all()):
            return None
        size = max(size, float(np.max(np.abs(right), initial=0.0)))
        still &= (right == middle) & (left == middle)
        slopes.add((right - left) / (2 * step))
        bends.add((right + left - 2 * middle) / step**2)
        if pair < 2:
            continue
        # rounding of the values, and of the point itself, which a steep function turns into more
        floor = 4 * _EPS * (size + float(np.max(np.abs(slopes.best), initial=0.0))) / step
        bar = np.where(still, 0.0, slopes.bar + floor)
        scale = 1 + np.abs(slopes.best)
        enough = bool((bar <= _ENOUGH * scale).all())
        if enough or (pair == PAIRS - 1 and bool((bar <= _WORST * scale).all())):
            # a kink is even in the step and unseen by central differences: the bend of what is smooth converges, that of a kink grows
            smooth = np.abs(bends.change) <= _SMOOTH * (1 + np.abs(bends.best)) + 16 * _EPS * size / step**2
            return (slopes.best, bar) if bool(smooth.all()) else None
    return None


class _Tableau:
    """An extrapolation of values at halved steps, whose errors are series in the square of the step."""

    def __init__(self) -> None:
        self.row: list[np.ndarray] = []
        self.changes: list[np.ndarray] = []

    def add(self, value: np.ndarray) -> None:
        """The value at the next step."""
        row = [value]
        for k, older in enumerate(self.row, start=1):
            row.append(row[-1] + (row[-1] - older) / (4**k - 1))
        if self.row:
            self.changes.append(np.abs(row[-1] - self.row[-1]))
        self.row = row

    @property
    def best(self) -> np.ndarray:
        """The last extrapolation."""
        return self.row[-1]

    @property
    def change(self) -> np.ndarray:
        """By how much it differs from the one before."""
        return self.changes[-1]

    @property
    def bar(self) -> np.ndarray:
        """Its error: the change of the last order, and as much less as the changes themselves fall by."""
        last, before = self.changes[-1], self.changes[-2]
        fall = np.divide(last, before, out=np.ones_like(last), where=before > 0)
        return np.asarray(_SAFETY * last * np.where(fall < _FAST, fall, 1.0))
