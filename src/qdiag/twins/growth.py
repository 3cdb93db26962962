"""How a gap grows: the factor a step by a robust fit on its logarithm, from where it starts to where it saturates."""

from __future__ import annotations

from typing import Optional

import numpy as np

from qdiag.model.twin_training import Growth

LEAST_STEPS = 6
"""Steps that a fit needs."""

_RESAMPLES = 60


def growth(distance: np.ndarray) -> Optional[Growth]:
    """Fit the growth of a gap.

    Parameters
    ----------
    distance
        The gap at each step.

    Returns
    -------
    Growth or None
        None where the gap does not grow by a hundred, or too fast to be followed.
    """
    steps = np.flatnonzero(np.isfinite(distance) & (distance > 0))
    if len(steps) < LEAST_STEPS:
        return None
    levels = np.log(distance[steps])
    window = _window(levels)
    if window is None:
        return None
    first, last = window
    x, y = steps[first:last].astype(float), levels[first:last]
    slope = _slope(x, y)
    if slope <= 0:
        return None
    low, high = _confidence(x, y, slope)
    return Growth(float(np.exp(slope)), float(np.exp(low)), float(np.exp(high)), int(steps[first]), int(steps[last - 1]))


def _window(levels: np.ndarray) -> Optional[tuple[int, int]]:
    """Where the gap grows: after it was last at the level of the beginning, before it is a hundredth of its largest."""
    ground = float(np.median(levels[: max(3, len(levels) // 20)]))
    if levels.max() - ground < np.log(100):
        return None
    last = int(np.flatnonzero(levels >= max(levels.max() - np.log(100), ground + np.log(30)))[0])
    before = np.flatnonzero(levels[:last] <= ground + np.log(2))
    first = int(before[-1]) if before.size else 0
    return (first, last) if last - first >= LEAST_STEPS else None


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    # scikit-learn takes seconds to load, which only a gap that grows is worth
    from sklearn.linear_model import TheilSenRegressor

    fitted = TheilSenRegressor(random_state=0).fit(x[:, None], y)
    return float(fitted.coef_[0])


def _confidence(x: np.ndarray, y: np.ndarray, slope: float) -> tuple[float, float]:
    """The slope's 5 % and 95 %, from blocks of residuals: neighbouring steps err alike."""
    residuals = y - y.mean() - slope * (x - x.mean())
    block = max(2, len(x) // 6)
    generator = np.random.default_rng(0)
    slopes = []
    for _ in range(_RESAMPLES):
        starts = generator.integers(0, len(x) - block + 1, size=-(-len(x) // block))
        drawn = np.concatenate([residuals[s : s + block] for s in starts])[: len(x)]
        slopes.append(slope + float(np.polyfit(x, drawn - drawn.mean(), 1)[0]))
    return float(np.percentile(slopes, 5)), float(np.percentile(slopes, 95))
