"""What a device's own numbers say of it, as they come from a live one: of one rotation and one expectation value.

Every simulator has these, and the exact value is known. It is asked for at points next to each other, far apart, and several times.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.model.measured import UNKNOWN, Measured
from qdiag.model.numerics.granularity import COARSEST, neighbours, precision_of, roughness, samples_by_scatter, samples_of

ANGLES = (0.3, 0.4, 0.6, 0.8, 0.9, 1.1, 1.3, 1.4, 1.7, 2.2, 2.5, 2.6)
"""Points far apart."""

MIDDLES = (0.7, 1.9)
"""In the middle of neighbouring points."""

NEIGHBOURS = 12
"""How many there are around each."""

REPEATS = 3
"""How often one point is asked for."""

MOST_LIVE_WIRES = 12
"""Of a live device, which cannot be made smaller, each evaluation may take the whole state."""

Value = Callable[[float], float]
"""The expectation value at an angle; NaN where there is none."""


def measured_live(device: Any) -> Measured:
    """What is seen of a live device, as it is."""
    labels = tuple(getattr(getattr(device, "wires", None), "labels", ())) or (0,)
    if getattr(device, "shots", None) or len(labels) > MOST_LIVE_WIRES:
        return UNKNOWN

    def value(angle: float) -> float:
        def rotated() -> Any:
            qml.RX(angle, wires=labels[0])
            return qml.expval(qml.PauliZ(labels[0]))

        try:
            return float(np.real(qml.QNode(rotated, device, interface=None, diff_method=None)()))
        except Exception:
            # a device that has no rotations
            return math.nan

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = look_at(value)
    return UNKNOWN if found is None else replace(found, warning=next((str(one.message) for one in caught), ""))


def look_at(value: Value) -> Optional[Measured]:
    """What is seen of a function that should be the cosine; None where it gives no numbers."""
    repeats = [value(MIDDLES[0]) for _ in range(REPEATS)]
    if not np.isfinite(repeats).all():
        return None
    far = [value(angle) for angle in ANGLES]
    exact = [math.cos(angle) for angle in ANGLES]
    changing = len(set(repeats)) > 1
    samples = samples_of(far, exact) if np.isfinite(far).all() else 0
    if not samples and max(repeats) - min(repeats) > COARSEST and value(0.0) == 1.0:
        # where there is but one outcome, samples do not scatter, and noise of another kind does
        samples = samples_by_scatter(far, exact)
    return Measured("" if samples else _precision_between(value), samples, changing)


def _precision_between(value: Value) -> str:
    """The lower precision that the neighbours of any point tell of."""
    found = []
    for middle in MIDDLES:
        points = neighbours(middle, NEIGHBOURS)
        values = np.array([value(float(point)) for point in points])
        if np.isfinite(values).all():
            found.append(precision_of(roughness(points, values)))
    return _lowest(found)


def _lowest(found: Sequence[str]) -> str:
    return "" if not found or "" in found else min(found, key=lambda name: np.dtype(name).itemsize)
