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
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.variants import with_precision, with_values

STEP = 2e-3
"""The larger of two steps; the other is half of it."""

SLACK = 1e-6
"""What these steps leave of a slope of size one, once the error that goes with the square of the step is taken out."""

KINK = 1e-2
"""Slopes to both sides that differ by more than this, at half the step as much as at the whole one, do not come together."""

LENGTH = 1e-6
"""A vector that is no further from a length of one may be a state in single precision."""

Ask = Callable[[Request], Evaluation]


@dataclass(frozen=True)
class Slopes:
    """A weighed sum of outputs, differentiated by each number of each tracked parameter.

    Parameters
    ----------
    directions
        Rows of real coordinates along which it was moved: each number alone, but of a vector of length one along the sphere.
    values, errors
        The slopes along them and their error bars.
    kinks
        Where the slopes to both sides differ.
    """

    directions: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    kinks: np.ndarray


SAME = "numerical differentiation of the QNode itself gives the same"

NOWHERE = "the QNode itself cannot be differentiated numerically: it gives no numbers nearby"


def beside_slopes(
    found: Evaluation, plain: Request, cotangents: Sequence[np.ndarray], bound: float, ask: Ask
) -> tuple[str, float]:
    """A derivative beside numerical differentiation: why it is not known to be wrong, or "" where it is, and the largest distance.

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
    if not found.vjps or not cotangents:
        return "its outputs cannot be weighed, so that nothing was differentiated numerically", 0.0
    theirs, tracked = coordinates(found.vjps[0]), coordinates([plain.circuit.parameters[k].value for k in plain.circuit.trainable])
    if theirs.size != tracked.size:
        return "", float("inf")  # a gradient of another shape than its parameter needs no differences
    slopes = slopes_of(plain, cotangents, ask)
    if slopes is None or not np.isfinite(slopes.values).all():
        return NOWHERE, 0.0
    scale = max(1.0, float(np.max(np.abs(slopes.values), initial=0.0)))
    # not as a matrix product: NaN is to stay in the directions that it is in
    along = np.array([np.sum(np.where(row == 0, 0.0, row * theirs)) for row in slopes.directions])
    gaps = np.abs(along - slopes.values)
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
    values = [circuit.parameters[position].value for position in circuit.trainable]
    directions = _directions(values)
    rows = [_slope([weighed(moved) for moved in _moved(circuit, values, row)], here) for row in directions]
    if not rows or not np.isfinite(here):
        return None
    slopes, errors, kinks = (np.array(column) for column in zip(*rows))
    return Slopes(directions, slopes, errors, kinks.astype(bool))


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


def _directions(values: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of real coordinates: each number alone, and an orthonormal basis of what a vector of length one can be moved along."""
    blocks = []
    for value in values:
        size = coordinates([value]).size
        if _is_of_length_one(value):
            # the rows of an orthonormal basis that begins with the vector, without that
            basis = np.linalg.svd(value.reshape(1, -1).astype(np.float64))[2]
            blocks.append(basis[1:])
        else:
            blocks.append(np.eye(size))
    total = sum(block.shape[1] for block in blocks)
    rows, start = [], 0
    for block in blocks:
        row = np.zeros((len(block), total))
        row[:, start : start + block.shape[1]] = block
        start += block.shape[1]
        rows.append(row)
    return np.concatenate(rows) if rows else np.zeros((0, 0))


def _is_of_length_one(value: np.ndarray) -> bool:
    """Whether a vector may be that of a state, which no device takes at another length."""
    return value.ndim == 1 and value.size > 1 and value.dtype.kind == "f" and abs(float(np.linalg.norm(value)) - 1) < LENGTH


def _moved(circuit: Circuit, values: Sequence[np.ndarray], row: np.ndarray) -> Iterator[Circuit]:
    """The circuit with its tracked numbers moved along one direction, to both sides, by both steps."""
    along = from_coordinates(row, values)
    for step in (STEP, -STEP, STEP / 2, -STEP / 2):
        moved = [_step(value, part, step) for value, part in zip(values, along)]
        yield with_values(circuit, dict(zip(circuit.trainable, moved)))


def _step(value: np.ndarray, along: np.ndarray, step: float) -> np.ndarray:
    if _is_of_length_one(value) and along.any():
        return np.asarray(np.cos(step) * value + np.sin(step) * along)
    return np.asarray(value + step * along)
