"""Numerical differentiation along a direction, with an error bar that means what it says (Ridders' extrapolation).

Differences at a falling sequence of steps are extrapolated to step zero; the spread of the extrapolations, and the rounding
noise that they amplify, make the error bar. Whether the point is smooth is decided apart, from how the second difference
falls with the step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np

Function = Callable[[np.ndarray], Any]
"""From an array of floats to an array of floats; outside its domain it returns NaN or raises ArithmeticError or ValueError."""

STEPS = tuple(0.5 * 1.6**-k for k in range(25))
"""Falling steps in units of the direction, with a constant ratio; the last one is 6.3e-6."""

_EPS = float(np.finfo(np.float64).eps)

_ORDERS = 9
"""Columns of the tableau: further ones amplify rounding more than they take away."""

_SAFETY = 4.0
"""An error bar is so many times the spread of neighbouring entries, of which one alone may be close by chance."""

_ENOUGH = 1e-10
"""Where every bar is below this, relative to the value, and no step improves it any more, no shorter step is tried."""

_CERTAIN = 1e-2
"""A bar above this, relative to the value, is no derivative."""

_CURVATURE_STEPS = (1e-3, 2e-5, 1e-5, 1e-6)
"""A wide step, and three narrow ones at which a curvature has fallen to a fiftieth of it or less, and a kink has not."""

_BESIDE = 1e-7
"""Over so short a step a function with any slope moves by far more than its rounding, and one of rounded digits not at all."""

_ELSEWHERE = (0.37, -0.43, 0.21)
"""Places at which what is level everywhere is level, too: at no simple part of a turn, where a slope may vanish by symmetry."""

_WALK = tuple(_BESIDE * 2**k for k in range(1, 6))
"""Steps of a search for the first jump: between two of them there is hardly more than one."""


@dataclass(frozen=True, eq=False)
class Derivative:
    """A derivative along a direction; it unpacks into value, error and smooth.

    Parameters
    ----------
    value
        One number for each output; NaN where there is none.
    error
        Absolute, for each output; infinite where there is no number.
    smooth
        False where the slopes to the left and to the right disagree, or where there is no slope to be found. At the edge of
        the function's domain the side that exists decides.
    evaluations
        How often the function was called.
    """

    value: np.ndarray
    error: np.ndarray
    smooth: bool
    evaluations: int

    def __iter__(self) -> Iterator[Any]:
        return iter((self.value, self.error, self.smooth))


def derivative(
    function: Function, x: Any, direction: Any, *, noise: float = 0.0, steps: Sequence[float] = STEPS
) -> Derivative:
    """Differentiate a function at a point along a direction.

    Parameters
    ----------
    function
        What to differentiate; evaluated in float64.
    x, direction
        Arrays of the same shape. Steps are in units of the direction, whose entries should therefore be of the size over
        which the function changes (1 for angles).
    noise
        Absolute rounding noise of one function value, where it is more than a few eps of the values seen.
    steps
        Falling step sizes, with a constant ratio.
    """
    line = _Line(function, np.asarray(x, dtype=np.float64), np.asarray(direction, dtype=np.float64))
    line(0.0)
    sides = [bool(np.isfinite(line(side * steps[-1])).all()) for side in (1.0, -1.0)]
    if all(sides):
        noise = max(noise, _grain(line, steps))
        value, error = _extrapolate(line, line.central, steps, 2, noise)
        smooth = _falls(line, noise)
    else:
        side = 1.0 if sides[0] else -1.0
        value, error = _extrapolate(line, lambda step: line.one_sided(side * step), steps, 1, 2 * noise)
        smooth = True
    found = np.isfinite(value) & (error <= _CERTAIN * (1 + np.abs(value)))
    return Derivative(value, error, smooth and bool(found.all()), line.evaluations)


def curvature(function: Function, x: Any, direction: Any, *, noise: float = 0.0, steps: Sequence[float] = STEPS) -> Derivative:
    """The second derivative of a function at a point along a direction (see `derivative`)."""
    line = _Line(function, np.asarray(x, dtype=np.float64), np.asarray(direction, dtype=np.float64))
    line(0.0)
    value, error = _extrapolate(line, line.second, steps, 2, 4 * noise, order=2)
    found = np.isfinite(value) & (error <= _CERTAIN * (1 + np.abs(value)))
    return Derivative(value, error, bool(found.all()) and _falls(line, noise), line.evaluations)


class _Line:
    """The function along the direction, by step; what fails counts as NaN, what was seen is kept."""

    def __init__(self, function: Function, x: np.ndarray, direction: np.ndarray) -> None:
        self.function, self.x, self.direction = function, x, direction
        self.seen: dict[float, np.ndarray] = {}
        self.shape: tuple[int, ...] = ()

    @property
    def evaluations(self) -> int:
        return len(self.seen)

    def __call__(self, step: float) -> np.ndarray:
        if step not in self.seen:
            try:
                self.seen[step] = np.asarray(self.function(self.x + step * self.direction), dtype=np.float64)
                self.shape = self.seen[step].shape
            except (ArithmeticError, ValueError):
                self.seen[step] = np.full(self.shape, np.nan)
        return self.seen[step]

    def noise(self, least: float, slope: np.ndarray) -> np.ndarray:
        """Rounding of the values seen, and of the point itself, which the slope turns into one of the value."""
        largest = max((float(np.max(np.abs(v[np.isfinite(v)]), initial=0.0)) for v in self.seen.values()), default=0.0)
        point = float(np.max(np.abs(self.x), initial=0.0))
        return np.asarray(max(least, 4 * _EPS * largest) + 2 * _EPS * point * np.abs(slope))

    def central(self, step: float) -> np.ndarray:
        return np.asarray((self(step) - self(-step)) / (2 * step))

    def second(self, step: float) -> np.ndarray:
        return np.asarray((self(step) + self(-step) - 2 * self(0.0)) / step**2)

    def one_sided(self, step: float) -> np.ndarray:
        return np.asarray((self(step) - self(0.0)) / step)


def _grain(line: _Line, steps: Sequence[float]) -> float:
    """By how much a function jumps that is level between its jumps, as numbers are that are rounded to so many digits; else 0.

    Short steps say nothing of its slope, and are no warning: their differences agree, as often as not on zero. What is level here and
    nowhere else, as beside a kink, has a slope of zero.
    """
    suspected = _is_level(line, 0.0) & (_move(line, steps[0]) > 0)
    if not suspected.any():
        return 0.0
    grained = suspected & np.logical_and.reduce([_is_level(line, place) for place in _ELSEWHERE])
    for step in (*_WALK, *reversed(steps)) if grained.any() else ():
        jump = np.max(np.where(grained, _move(line, step), 0.0))
        if jump > 0:
            return float(jump)
    return 0.0


def _is_level(line: _Line, place: float) -> np.ndarray:
    """For each output, whether it is the same number on a side of a place as there."""
    return np.asarray((line(place + _BESIDE) == line(place)) | (line(place - _BESIDE) == line(place)))


def _move(line: _Line, step: float) -> np.ndarray:
    moves = np.maximum(np.abs(line(step) - line(0.0)), np.abs(line(-step) - line(0.0)))
    return np.where(np.isfinite(moves), moves, 0.0)


def _extrapolate(
    line: _Line, quotient: Callable[[float], np.ndarray], steps: Sequence[float], power: int, noise: float, order: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The best entry of the tableau for each output, and its error bar; the quotient's error is a series in ``step**power``.

    ``order`` is that of the derivative: by how many steps the rounding is divided.
    """
    ratio = (steps[0] / steps[1]) ** power
    amplified = math.prod((ratio**k + 1) / (ratio**k - 1) for k in range(1, _ORDERS))
    best, error = np.asarray(np.nan), np.asarray(np.inf)
    previous: list[np.ndarray] = []
    calm = 0
    for step in steps:
        row = [quotient(step)]
        for k, older in enumerate(previous[: _ORDERS - 1], start=1):
            row.append(row[-1] + (row[-1] - older) / (ratio**k - 1))
        floor = amplified * line.noise(noise, row[0]) * (order / step) ** order
        improved = False
        for k in range(1, len(row)):
            spread = np.maximum(np.abs(row[k] - row[k - 1]), np.abs(row[k] - previous[k - 1]))
            bar = _SAFETY * spread + floor
            better = np.isfinite(bar) & (bar < error)
            improved = improved or bool(better.any())
            best, error = np.where(better, row[k], best), np.where(better, bar, error)
        enough = bool((error <= _ENOUGH * (1 + np.abs(best))).all())
        calm = calm + 1 if enough and not improved else 0
        previous = row
        if calm == 3 or bool((error <= 2 * floor).all()):
            break
    return best, error


def _falls(line: _Line, noise: float) -> bool:
    """Whether the jump between the slopes on the two sides falls with the step, as a curvature does and a kink does not."""
    wide, *narrow = (np.abs(line(h) + line(-h) - 2 * line(0.0)) / h for h in _CURVATURE_STEPS)
    floors = (40 * line.noise(noise, np.zeros(())) / h for h in _CURVATURE_STEPS[1:])
    return all(bool((jump <= np.maximum(0.1 * wide, floor)).all()) for jump, floor in zip(narrow, floors))
