"""What numbers say of a probed QNode: how its weighted outputs, and its circuit, really move along one tracked argument.

Where the outputs are smooth and in double precision, a few wide differences give a slope as sharp as any. If that is what the
user's own method says, nothing more is asked; where it is not, or where they do not converge, differences down to the shortest steps
say how sure a slope can be at all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Callable, Optional

import numpy as np

from qdiag.bridges.live import qnode_attributes, unfollowed
from qdiag.bridges.live.arguments import like
from qdiag.bridges.live.probe_methods import slopes_here
from qdiag.bridges.live.probe_subject import Subject, arrays_of, first_line, real_elements
from qdiag.bridges.results import array_of, outputs_of
from qdiag.model.numerics.derivative import Derivative, derivative
from qdiag.model.numerics.smooth_slope import smooth_slope
from qdiag.model.probe import ProbedArgument

ASIDE = 0.05
"""How far an argument is moved off a point at which the circuit has operations of its own, or a gradient is no number."""

LOST = 1e-4
"""Relative to the numerical slope: where the own method is no further away, nothing is lost that could be put back."""

KNOWN = 1e-6
"""Of what is lacking: an error bar that is wider proves nothing."""

SHORT_STEPS = tuple(0.01 * 1.6**-k for k in range(16))
"""Steps at which parameters still move as their slopes say."""

PARAMETER_STEP = 1e-3
"""How far an argument is moved to see which of the circuit's parameters go with it."""

_TREMBLE = (3.1e-8, 7.7e-8, 1.3e-7, 2.9e-7)
"""Steps over which a smooth function's second difference is far below float32's rounding: what is seen there is noise."""

_FURTHER = 0.5
"""Where it is looked for, too, as far off as the differences go: what is rounded on its way in shows no noise at a zero."""

_EPS64 = float(np.finfo(np.float64).eps)


ROUNDING = 4
"""Where the own method is no further from a sharp slope than so many roundings of what the slope could be, it is confirmed by it."""


def probed_argument(subject: Subject, position: int, own: Optional[float], followed: bool, eps: float = _EPS64) -> ProbedArgument:
    """The numerical slope along the direction of one tracked argument.

    Parameters
    ----------
    subject
        The QNode and its arguments.
    position
        Which of the tracked ones.
    own
        What the user's own method says of it.
    followed
        Whether the graph of the circuit's parameters leads back to it.
    eps
        Of the lowest precision among the numbers of the call.
    """
    scale = float(np.sum(np.abs(subject.cotangent)) * np.sum(np.abs(subject.directions[position])))
    numerical, error, smooth = _slope(subject, position, own, ROUNDING * eps * scale)
    moves, restructured = _parameters_move(subject, position)
    lost = own is not None and not math.isfinite(own)
    apart = own is not None and abs(own - numerical) > LOST * abs(numerical)
    return ProbedArgument(
        subject.leaves[subject.tracked[position]].name,
        numerical,
        error,
        smooth,
        scale=scale,
        moves=moves,
        followed=followed,
        restructured=restructured,
        aside=_aside(subject, position) if restructured or lost else None,
        mended=_mended_distance(subject, position, own, numerical) if own is not None and apart else None,
    )


Slope = tuple[float, float, bool]
"""A slope, its error bar, and whether it is one at all: those of the two sides may disagree."""


def _slope(subject: Subject, position: int, own: Optional[float] = None, allowed: float = 0.0) -> Slope:
    """The numerical one; no sharper than it has to be where the own method is no further away than is allowed.

    That may be seen by a quicker copy of the QNode, too. Where it is not, the QNode itself has the word.
    """
    if own is not None and subject.quicker is not subject.qnode:
        value, error, smooth = _slope(replace(subject, qnode=subject.quicker), position, own, allowed)
        if smooth and abs(own - value) <= error + allowed:
            return value, error, True

    def outputs_at(step: float) -> Any:
        try:
            outputs = subject.outputs(subject.along(position, step))
        except Exception as error:
            raise ValueError(first_line(error)) from None
        if real_elements(outputs).shape != subject.cotangent.shape:
            raise ValueError("the outputs have another shape here")
        return outputs

    def total(step: Any) -> Any:
        return subject.weigh(outputs_at(float(step)))

    sharp = None if own is None else smooth_slope(total)
    if sharp is not None and own is not None and abs(own - float(sharp[0])) <= float(sharp[1]) + allowed:
        return float(sharp[0]), float(sharp[1]), True
    try:
        noise = max(_rounding_of(outputs_at(0.0), subject.cotangent), *(_noise(total, middle) for middle in (0.0, _FURTHER)))
    except ValueError:
        noise = 0.0
    value, error, smooth = derivative(total, np.zeros(()), np.ones(()), noise=noise)
    return float(value), float(error), smooth


def _rounding_of(outputs: Any, weights: np.ndarray) -> float:
    """What the outputs' own dtype cannot hold of their weighted sum, where it is narrower than float64.

    Neighbouring values may well be equal, or lie on a line of steps: no difference of them shows it.
    """
    narrow = [np.asarray(output) for output in outputs]
    eps = max((float(np.finfo(a.dtype).eps) for a in narrow if a.dtype.kind in "fc"), default=_EPS64)
    return eps * float(np.sum(np.abs(weights) * np.abs(real_elements(outputs)))) if eps > _EPS64 else 0.0


def _noise(total: Callable[[float], Any], middle: float) -> float:
    """Rounding of one value, where it is more than float64's: second differences over steps that are too short for curvature."""
    here = total(middle)
    largest = max(abs(float(total(middle + step) + total(middle - step) - 2 * here)) for step in _TREMBLE)
    return largest if largest > 1e-12 * (1 + abs(float(here))) else 0.0


def _parameters_move(subject: Subject, position: int) -> tuple[float, bool]:
    """How far the circuit's parameters move along the direction, as a slope; whether it has other operations there than here."""
    seen, operations = [], []
    subject = replace(subject, qnode=subject.quicker)
    for side in (PARAMETER_STEP, -PARAMETER_STEP, 0.0):
        try:
            subject.evaluate(subject.qnode, subject.along(position, side))
        except Exception:
            # a quantum function that does not go on there: nothing is known of its parameters
            return 0.0, False
        seen.append([a for a in map(array_of, subject.circuit_parameters()) if a.dtype.kind in "biufc"])
        operations.append(qnode_attributes.operations_of(subject.qnode))
    restructured = operations[0] == operations[1] != operations[2]
    ahead, behind, _ = seen
    if [a.shape for a in ahead] != [b.shape for b in behind]:
        return 0.0, restructured
    gaps = (float(np.max(np.abs(a - b), initial=0.0)) / (2 * PARAMETER_STEP) for a, b in zip(ahead, behind))
    return max(gaps, default=0.0), restructured


def _aside(subject: Subject, position: int) -> Optional[float]:
    """How far the own method is from the numerical slope off this point, on the first side of it that tells."""
    place = subject.tracked[position]
    leaf = subject.leaves[place]
    for step in (ASIDE, -ASIDE):
        there = np.asarray(leaf.array + step * subject.directions[position], leaf.array.dtype)
        moved = replace(leaf, value=like(leaf, there))
        other = replace(subject, leaves=(*subject.leaves[:place], moved, *subject.leaves[place + 1 :]))
        said = slopes_here(other)
        gap = math.nan if said.failure else abs(said.slopes[position] - _slope(other, position)[0])
        if math.isfinite(gap):
            return gap
    return None


# --- what no graph follows, put back --------------------------------------------------------------------------------------


def _mended_distance(subject: Subject, position: int, own: float, numerical: float) -> Optional[float]:
    """How far the own slope is from the numerical one with what no graph follows put back; None where that cannot be told."""
    try:
        lacking = _lacking(subject, position)
    except Exception:
        # whatever a QNode cannot do here says nothing about its gradient
        return None
    if lacking is None or not lacking.smooth or float(lacking.error) > KNOWN * abs(own - numerical):
        return None
    return abs(own + float(lacking.value) - numerical)


def _lacking(subject: Subject, position: int) -> Optional[Derivative]:
    """The slope of the outputs along those moves of the circuit's parameters that no graph follows; None where these are not known."""
    followed = _followed_slopes(subject, position)
    subject.evaluate(subject.qnode, subject.along(position, 0.0))
    here = [array_of(p) for p in subject.circuit_parameters()]
    if followed is None or len(followed) != len(here):
        return None

    def total(step: Any) -> Any:
        subject.evaluate(subject.qnode, subject.along(position, float(step)))
        there = [array_of(p) for p in subject.circuit_parameters()]
        put_back = unfollowed.unfollowed_parameters(here, there, followed, float(step))
        if put_back is None:
            raise ValueError("the parameters are not cut off, but move otherwise than their graph says")
        return subject.weigh(arrays_of(outputs_of(unfollowed.rerun(subject.qnode, put_back))))

    return derivative(total, np.zeros(()), np.ones(()), steps=SHORT_STEPS)


def _followed_slopes(subject: Subject, position: int) -> Optional[list[np.ndarray]]:
    """How far the circuit's parameters move along an argument's direction, as torch's graph says."""
    if subject.interface != "torch":
        return None
    import torch

    values = subject.along(position, 0.0)
    place = subject.tracked[position]
    values[place] = values[place].clone().requires_grad_()
    with torch.enable_grad():
        subject.evaluate(subject.qnode, values)
        return unfollowed.slopes(subject.circuit_parameters(), values[place], subject.directions[position])
