"""How granular numbers are: what they were worked out in shows between neighbouring points, and samples show in their fractions.

Over a stretch of 1e-5 a smooth function is a parabola to 1e-16, be it right or wrong. What is left beside the best one is rounding:
1e-16 in double precision, 1e-8 to 1e-7 in single precision. So a device that is off by a smooth 1e-7 is never excused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

STRETCH = 1e-5
"""Over how long a stretch neighbouring points are looked at, in radians."""

EPS32 = float(np.finfo(np.float32).eps)

FINEST, COARSEST = EPS32 / 100, 20 * EPS32
"""Between these, what is left beside a parabola is the rounding of single precision: it was 2e-8 to 6e-8 on each device measured."""

FINE = 1e-13
"""Below this it is that of double precision."""

MOST_SAMPLES, FEWEST_SAMPLES = 100_000, 10
"""Samples that are looked for in fractions: of more, any number is a fraction; of fewer, any simple number is one."""

EXACT = 1e-12
"""How near a number is to the fraction that it is: by chance five numbers are so near to fractions of `MOST_SAMPLES` once in 1e10."""


def neighbours(middle: float, count: int) -> np.ndarray:
    """Points on a short stretch, at uneven distances: a regular grid may fall in step with the rounding."""
    steps = np.linspace(-0.5, 0.5, count) + 0.1 * np.sin(np.arange(count)) / count
    return np.asarray(middle + STRETCH * steps)


def roughness(points: np.ndarray, values: np.ndarray) -> float:
    """The root mean square of what is left of values beside their best parabola."""
    at = (points - points.mean()) / STRETCH
    design = np.stack([np.ones_like(at), at, at**2], axis=1)
    best, *_ = np.linalg.lstsq(design, values, rcond=None)
    return float(np.sqrt(np.mean((values - design @ best) ** 2)))


def precision_of(rough: float) -> str:
    """The precision that a roughness tells of; "" where it is none of the two."""
    if rough <= FINE:
        return "complex128"
    return "complex64" if FINEST <= rough <= COARSEST else ""


def samples_of(values: Sequence[float], exact: Sequence[float]) -> int:
    """Of how many samples of +1 and -1 the values are averages; 0 where they are none.

    Parameters
    ----------
    values, exact
        The averages at several points, and the expectation values there: averages scatter around them as so many samples do.
    """
    shares = [Fraction((1 + value) / 2).limit_denominator(MOST_SAMPLES) for value in values]
    if any(abs(float(share) - (1 + value) / 2) > EXACT for share, value in zip(shares, values)):
        return 0
    samples = math.lcm(*(share.denominator for share in shares))
    if not FEWEST_SAMPLES <= samples <= MOST_SAMPLES or len(set(shares)) < len(shares) / 2:
        return 0
    gaps = [abs(value - expected) for value, expected in zip(values, exact)]
    # numbers that are rounded to so many digits are fractions as well, and each the nearest one, which samples hit by chance alone
    rounded = max(gaps) <= 1 / samples + EXACT
    return samples if not rounded and max(gaps) <= 6 / math.sqrt(samples) else 0


def samples_by_scatter(values: Sequence[float], exact: Sequence[float]) -> int:
    """How many samples would scatter as much: an estimate, where the values are no fractions."""
    scatter = sum((v - e) ** 2 for v, e in zip(values, exact))
    return max(1, round(sum(1 - e**2 for e in exact) / scatter)) if scatter > 0 else 0
