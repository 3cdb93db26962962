"""Whether a derivative that the arbiter calls wrong is wrong by the QNode's own word: numerical differentiation on plain numbers.

The arbiter knows each operation by its matrix. Were that mistaken, every method would look wrong: so a hunt asks the QNode itself, at
plain numbers, at two steps to both sides of every parameter, in double precision. The two steps give the slope and an error bar; where
the slopes to both sides do not come together as the step gets smaller, the point is a kink, and nobody is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.judging.arbiter.circuit_function import coordinates, from_coordinates
from qdiag.model.circuit import Circuit, with_precision, with_values
from qdiag.model.evaluation import Evaluation, Request

STEP = 2e-3
"""The larger of two steps; the other is half of it."""

SLACK = 1e-6
"""What these steps leave of a slope of size one, once the error that goes with the square of the step is taken out."""

KINK = 1e-2
"""Slopes to both sides that differ by more than this, at half the step as much as at the whole one, do not come together."""

Ask = Callable[[Request], Evaluation]


@dataclass(frozen=True)
class Slopes:
    """A weighed sum of outputs, differentiated by each number of each tracked parameter.

    Parameters
    ----------
    values, errors
        The slopes and their error bars.
    kinks
        Where the slopes to both sides differ.
    """

    values: np.ndarray
    errors: np.ndarray
    kinks: np.ndarray


def doubt_of(found: Evaluation, plain: Request, cotangents: Sequence[np.ndarray], bound: float, ask: Ask) -> str:
    """Why a derivative that seems wrong is not upheld, or "" where it is.

    Parameters
    ----------
    found
        What a method gave: its product with the cotangents is held against the slopes.
    plain
        The circuit on plain numbers.
    cotangents
        By which the outputs are weighed.
    bound
        What rounding explains.
    ask
        Evaluates.
    """
    return beside_slopes(found, plain, cotangents, bound, ask)[0]


SAME = "numerical differentiation of the QNode itself gives the same"


def beside_slopes(
    found: Evaluation, plain: Request, cotangents: Sequence[np.ndarray], bound: float, ask: Ask
) -> tuple[str, float]:
    """A derivative beside numerical differentiation: why it is not known to be wrong, or "" where it is, and the largest distance.

    Parameters
    ----------
    found, plain, cotangents, bound, ask
        As in `doubt_of`.
    """
    if not found.vjps or not cotangents:
        return "its outputs cannot be weighed, so that nothing was differentiated numerically", 0.0
    theirs, tracked = coordinates(found.vjps[0]), coordinates([plain.circuit.parameters[k].value for k in plain.circuit.trainable])
    if theirs.size != tracked.size:
        return "", float("inf")  # a gradient of another shape than its parameter needs no differences
    slopes = slopes_of(plain, cotangents, ask)
    if slopes is None or not np.isfinite(slopes.values).all():
        return "the QNode itself cannot be differentiated numerically: it gives no numbers nearby", 0.0
    scale = max(1.0, float(np.max(np.abs(slopes.values), initial=0.0)))
    gaps = np.abs(theirs - slopes.values)
    off = ~(gaps <= bound + SLACK * scale + 10 * slopes.errors)
    if not off.any():
        return SAME, 0.0
    at = off & ~slopes.kinks
    if not at.any():
        return "a kink: its slopes to both sides are not the same", 0.0
    # what is no number is further off than any other
    return "", float(np.max(np.nan_to_num(gaps[at], nan=np.inf, posinf=np.inf)))


def slopes_of(plain: Request, cotangents: Sequence[np.ndarray], ask: Ask) -> Optional[Slopes]:
    """The slopes of the weighed outputs of a circuit on plain numbers; None where it gives none."""
    circuit = with_precision(plain.circuit, "float64")

    def weighed(at: Circuit) -> float:
        return _weighed(ask(replace(plain, circuit=at)), cotangents)

    here = weighed(circuit)
    count = coordinates([circuit.parameters[position].value for position in circuit.trainable]).size
    rows = [_slope([weighed(moved) for moved in _moved(circuit, index)], here) for index in range(count)]
    if not rows or not np.isfinite(here):
        return None
    values, errors, kinks = (np.array(column) for column in zip(*rows))
    return Slopes(values, errors, kinks.astype(bool))


def _slope(at: Sequence[float], here: float) -> tuple[float, float, bool]:
    """From values at +h, -h, +h/2, -h/2: the slope, its error bar, and whether there is a kink."""
    right, left, near_right, near_left = at
    whole, half = (right - left) / (2 * STEP), (near_right - near_left) / STEP
    bend, near_bend = (right - 2 * here + left) / STEP, (near_right - 2 * here + near_left) / (STEP / 2)
    kink = abs(near_bend) > KINK and abs(near_bend) > 0.75 * abs(bend)
    # the error of a central difference goes with the square of the step: a quarter of it is left at half of the step
    return (4 * half - whole) / 3, abs(half - whole) / 3, kink


def _weighed(found: Evaluation, cotangents: Sequence[np.ndarray]) -> float:
    """The outputs as one number; NaN where there are none of that size."""
    outputs = found.outputs or ()
    if len(outputs) != len(cotangents) or any(np.size(o) != c.size for o, c in zip(outputs, cotangents)):
        return float("nan")
    return float(sum(np.real(np.vdot(c.reshape(-1), np.asarray(o).reshape(-1))) for o, c in zip(outputs, cotangents)))


def _moved(circuit: Circuit, index: int) -> Iterator[Circuit]:
    """The circuit with one number, or one part of a complex one, moved to both sides by both steps."""
    values = [circuit.parameters[position].value for position in circuit.trainable]
    row = coordinates(values)
    for step in (STEP, -STEP, STEP / 2, -STEP / 2):
        moved = row.copy()
        moved[index] += step
        yield with_values(circuit, dict(zip(circuit.trainable, from_coordinates(moved, values))))
