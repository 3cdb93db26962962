"""A run as a series: what it computed at each optimiser step, and how far two series are apart, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import numpy as np

from qdiag.model.call import Call
from qdiag.model.twin_training import QUANTITIES
from qdiag.trace.reader import Trace
from qdiag.trace.twin_steps import Steps

MOST_VALUES = 4096
"""Outputs of one step that are compared; of more, the first."""


MOST_CALLS = 64
"""Calls of the first step that are looked at one by one."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What a run computed between two optimiser steps; None for what was not seen."""

    output: Optional[np.ndarray] = None
    gradient: Optional[np.ndarray] = None
    parameters: Optional[np.ndarray] = None
    loss: Optional[float] = None


@dataclass(frozen=True, eq=False)
class Series:
    """A run, step by step.

    Parameters
    ----------
    moments
        One for each optimiser step; for each call where the script takes no steps.
    opening
        The calls of the first step.
    steps
        What the run's own file of steps holds.
    stepping
        Whether the moments are optimiser steps.
    """

    moments: tuple[Moment, ...]
    opening: tuple[Call, ...]
    steps: Steps
    stepping: bool = True

    @property
    def first(self) -> Optional[Call]:
        """The first call."""
        return self.opening[0] if self.opening else None

    @property
    def losses(self) -> np.ndarray:
        """The loss at each step, nan where there was none."""
        return np.array([math.nan if m.loss is None else m.loss for m in self.moments])

    def inputs(self) -> tuple[np.ndarray, ...]:
        """The numbers that the first call's circuit got."""
        return () if self.first is None else tuple(p.value for p in self.first.circuit.parameters)


def series_of(trace: Trace, steps: Steps) -> Series:
    """The series of a recorded run."""
    taken = sum(1 for event in trace.events if event.kind == "step")
    count = taken or len(trace)
    outputs: list[list[np.ndarray]] = [[] for _ in range(count)]
    gradients: list[list[np.ndarray]] = [[] for _ in range(count)]
    opening: list[Call] = []
    for call in trace.calls():
        if (call.step == 0 or not opening) and len(opening) < MOST_CALLS:
            opening.append(call)
        moment = call.step if taken else call.index
        if moment < count:
            outputs[moment] += [np.ravel(output) for output in call.outputs or ()]
            gradients[moment] += [np.ravel(g) for b in call.backwards for g in (*b.cotangents, *b.gradients) if g is not None]
    losses = _losses(trace, count, bool(taken))
    moments = []
    for position in range(count):
        step = steps.steps[position] if taken and position < len(steps.steps) else None
        moments.append(
            Moment(
                _join_parts(outputs[position]),
                _join_parts(gradients[position]) if step is None else step.gradients,
                None if step is None else step.parameters,
                losses[position],
            )
        )
    return Series(tuple(moments), tuple(opening), steps, bool(taken))


def _join_parts(parts: Sequence[np.ndarray]) -> Optional[np.ndarray]:
    return np.concatenate(parts)[:MOST_VALUES] if parts else None


def _losses(trace: Trace, count: int, stepping: bool) -> list[Optional[float]]:
    """The scalar that went backward before each step; where a step has several, the last."""
    losses: list[Optional[float]] = [None] * count
    step = 0
    for event in trace.events:
        position = step if stepping else event.after - 1
        if event.kind == "step":
            step += 1
        elif event.kind == "loss" and 0 <= position < count:
            losses[position] = event.number
    return losses


@dataclass(frozen=True, eq=False)
class Parting:
    """How far two runs are apart: for each of `QUANTITIES` the largest difference at each step, nan where it was not seen.

    ``distance`` is the Euclidean distance of the parameters (of the outputs where parameters were not seen), from which growth is read.
    """

    gaps: dict[str, np.ndarray]
    distance: np.ndarray

    def first_beyond(self, quantity: str, threshold: float) -> Optional[int]:
        """The first step at which a quantity differs by more than a threshold."""
        with np.errstate(invalid="ignore"):
            beyond = np.flatnonzero(self.gaps[quantity] > threshold)
        return int(beyond[0]) if beyond.size else None

    def largest(self, quantity: str) -> float:
        """The largest difference of a quantity over all steps; 0 where it was never seen."""
        gaps = self.gaps[quantity]
        seen = gaps[~np.isnan(gaps)]
        return float(seen.max()) if seen.size else 0.0

    @property
    def reach(self) -> float:
        """How far outputs, parameters and losses ever get apart."""
        return max(self.largest(quantity) for quantity in ("output", "parameters", "loss"))

    @property
    def identical(self) -> bool:
        """Whether the two runs computed the same numbers at every step."""
        return all(self.largest(quantity) == 0 for quantity in QUANTITIES)


def part(reference: Series, other: Series) -> Parting:
    """Compare two runs step by step."""
    count = max(len(reference.moments), len(other.moments))
    gaps = {quantity: np.full(count, math.nan) for quantity in QUANTITIES}
    distance = np.full(count, math.nan)
    for position in range(count):
        if position >= min(len(reference.moments), len(other.moments)):
            gaps["output"][position] = math.inf
            continue
        a, b = reference.moments[position], other.moments[position]
        # an earlier trace knows the gradients of circuits, a twin run those of the optimiser's parameters
        alike = (a.parameters is None) == (b.parameters is None)
        for quantity in QUANTITIES:
            if alike or quantity != "gradient":
                gaps[quantity][position] = _gap(getattr(a, quantity), getattr(b, quantity))
        pair = (a.parameters, b.parameters) if a.parameters is not None and b.parameters is not None else (a.output, b.output)
        distance[position] = _distance(*pair)
    return Parting(gaps, distance)


def _gap(a: object, b: object) -> float:
    """The largest difference; nan where one side was not seen, inf where it cannot be formed."""
    if a is None or b is None:
        return math.nan
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        return math.inf
    if not first.size:
        return 0.0
    wide = np.complex128 if np.iscomplexobj(first) or np.iscomplexobj(second) else np.float64
    first, second = first.astype(wide), second.astype(wide)
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.where((first == second) | (np.isnan(first) & np.isnan(second)), 0.0, np.abs(first - second))
    return float(np.where(np.isnan(difference), math.inf, difference).max())


def _distance(a: Optional[np.ndarray], b: Optional[np.ndarray]) -> float:
    if a is None or b is None or a.shape != b.shape:
        return math.nan
    with np.errstate(invalid="ignore", over="ignore"):
        return float(np.linalg.norm(np.abs(a.astype(np.complex128) - b.astype(np.complex128))))


def trains(series: Series) -> bool:
    """Whether the loss falls: the mean of the last tenth is below nine tenths of that of the first."""
    losses = series.losses[~np.isnan(series.losses)]
    tenth = max(1, len(losses) // 10)
    return len(losses) > 1 and float(losses[-tenth:].mean()) < 0.9 * float(losses[:tenth].mean())
