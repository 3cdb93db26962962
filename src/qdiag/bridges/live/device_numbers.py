"""What a device's own numbers say of it, as they come from a live one: of one rotation and one expectation value.

Every simulator has these, and the exact value is known. It is asked for at points next to each other, far apart, and several times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.heard_warnings import heard_warnings
from qdiag.bridges.live.device_identity import own_device
from qdiag.bridges.live.made_devices import options_given_to
from qdiag.model.measured import UNKNOWN, Measured
from qdiag.model.numerics.granularity import COARSEST, FINE, neighbours, precision_of, roughness, samples_by_scatter, samples_of
from qdiag.model.option import Held

ANGLES = (0.3, 0.4, 0.6, 0.8, 0.9, 1.1, 1.3, 1.4, 1.7, 2.2, 2.5, 2.6)
"""Points far apart."""

MIDDLES = (0.7, 1.9)
"""In the middle of neighbouring points."""

NEIGHBOURS = 12
"""How many there are around each."""

REPEATS = 3
"""How often one point is asked for."""

AT_FIRST = 4
"""Points far apart that are asked for first: a device that comes upon the cosine to `FINE` at each of them computes in double precision
and draws nothing. Most devices do, and are not asked any further."""

MOST_LIVE_WIRES = 12
"""Of a live device, which cannot be made smaller, each evaluation may take the whole state."""

Value = Callable[[float], float]
"""The expectation value at an angle; NaN where there is none."""


def measured_live(device: Any) -> Measured:
    """What is seen of a live device, as it is."""
    labels = tuple(getattr(getattr(device, "wires", None), "labels", ())) or (0,)
    if getattr(device, "shots", None) or len(labels) > MOST_LIVE_WIRES:
        return UNKNOWN

    with heard_warnings() as caught:
        found = look_at(lambda angle: _expectation(device, labels[0], angle))
        if found is None:
            return UNKNOWN
        idle = bool(found.samples) and _has_idle_seed(device, labels)
    return replace(found, warning=next((str(one.message) for one in caught), ""), idle_seed=idle)


def _expectation(device: Any, wire: Any, angle: float) -> float:
    def rotated() -> Any:
        qml.RX(angle, wires=wire)
        return qml.expval(qml.PauliZ(wire))

    try:
        return float(np.real(qml.QNode(rotated, device, interface=None, diff_method=None)()))
    except Exception:
        # a device that has no rotations
        return math.nan


def _has_idle_seed(device: Any, labels: Sequence[Any]) -> bool:
    """Whether a seed that a device was given does nothing: made anew with it, it draws otherwise, or with another one the same.

    A device that was given none, or that cannot be made again from plain options, has none.
    """
    device = own_device(device)
    options = dict(options_given_to(device))
    if "seed" not in options or any(isinstance(value, Held) for value in options.values()):
        return False

    def drawn(seed: int) -> list[float]:
        made = type(device)(wires=labels, **{**options, "seed": seed})
        return [_expectation(made, labels[0], angle) for angle in ANGLES]

    given = options["seed"]
    try:
        first, again, other = drawn(given), drawn(given), drawn(given + 1)  # type: ignore[arg-type, operator]
    except Exception:
        # what cannot be made again, or not with another seed
        return False
    return bool(np.isfinite([*first, *again, *other]).all()) and (first != again or first == other)


def look_at(value: Value) -> Optional[Measured]:
    """What is seen of a function that should be the cosine; None where it gives no numbers."""
    repeats = [value(MIDDLES[0]) for _ in range(REPEATS)]
    if not np.isfinite(repeats).all():
        return None
    changing = len(set(repeats)) > 1
    exact = [math.cos(angle) for angle in ANGLES]
    far = [value(angle) for angle in ANGLES[:AT_FIRST]]
    if all(abs(number - cosine) <= FINE for number, cosine in zip(far, exact)):
        return Measured("complex128", changing=changing)
    far += [value(angle) for angle in ANGLES[AT_FIRST:]]
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
