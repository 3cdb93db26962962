"""What starts and feeds the growth: a step taken on a gradient near zero, a rectifier or an absolute value that changes sides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qdiag.model.twin_training import Turn
from qdiag.twins.series import Series

_VISIBLE = 1e-6
_NEAR_ZERO = 1e-4
"""Relative to the step's largest gradient."""


def turns(reference: Series, other: Series) -> tuple[Turn, ...]:
    """The first of each kind, in the order of steps."""
    found = [*_near_zero(reference, other), *_flips(reference, other)]
    return tuple(sorted(found, key=lambda turn: turn.step))


def _near_zero(reference: Series, other: Series) -> Iterator[Turn]:
    """Adam divides a gradient by its own size: where that is near zero, rounding decides the step."""
    if not any("Adam" in name for name in reference.steps.optimizers):
        return
    for position, (a, b) in enumerate(zip(reference.steps.steps, other.steps.steps)):
        if a.parameters.shape != b.parameters.shape:
            return
        difference = np.abs(a.parameters.astype(float) - b.parameters.astype(float))
        if difference.max(initial=0.0) <= _VISIBLE:
            continue
        worst = int(difference.argmax())
        gradient, shift = float(a.gradients[worst]), abs(float(a.gradients[worst]) - float(b.gradients[worst]))
        if shift and max(abs(gradient), shift) < _NEAR_ZERO * float(np.abs(a.gradients).max()):
            text = f"Adam's step on a gradient of {gradient:.1e}: a difference of {shift:.0e} in it moves the weight by "
            yield Turn(position, text + f"{difference[worst]:.1e}")
        return


def _flips(reference: Series, other: Series) -> Iterator[Turn]:
    """The first step at which a module's kinks are on other sides."""
    seen: set[str] = set()
    for position, (a, b) in enumerate(zip(reference.steps.steps, other.steps.steps)):
        for (name, first), (same, second) in zip(a.kinks, b.kinks):
            if name != same or first.shape != second.shape or name in seen:
                continue
            flipped = int(np.unpackbits(np.bitwise_xor(first, second)).sum())
            if flipped:
                seen.add(name)
                what = "signs" if name.startswith("L1") else "elements of the mask"
                yield Turn(position, f"{name}: {flipped} {what} differ for the first time")
