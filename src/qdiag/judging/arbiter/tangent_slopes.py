"""The derivatives of a circuit's outputs along directions, by tangents: one evolution for as many directions as one likes.

How the steps of each operation move is known by a law of our own table, or from differences of their small matrices alone; the state is
never evolved for that. What moves otherwise (a decomposition that changes its form, a point at the edge of a domain) is left to
differences of the whole circuit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

import numpy as np

from qdiag.judging.arbiter.circuit_function import Simulation, Space
from qdiag.model.numerics.reading_slopes import read_slopes
from qdiag.model.numerics.smooth_slope import smooth_slope
from qdiag.model.numerics.states import NotSimulated, Reading, Step, Term
from qdiag.model.numerics.tangents import Moving, arrays_of, evolve_tangents, skeleton_of, with_arrays

EPS = float(np.finfo(np.float64).eps)

_MARGIN = 16.0
"""Of the rounding of a tangent: twice that of an output, since it is a product of two states."""

_MOST_NUMBERS = 1 << 20
"""Directions are taken together as far as their tangents have no more numbers than this."""

Rates = Sequence[np.ndarray]
"""How fast each number of a circuit moves along a direction."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Derivatives of all elements of all outputs (rows) along directions (columns).

    Parameters
    ----------
    value, error
        NaN and infinite where a direction is left to others.
    known
        For each direction, whether its derivatives are known.
    """

    value: np.ndarray
    error: np.ndarray
    known: np.ndarray


@dataclass(eq=False)
class _Motion:
    """How one part of a circuit moves along one direction.

    Parameters
    ----------
    rows
        For each row of the batch its steps' derivatives; of a measurement, one row that holds the derivative of its observable.
    size
        The sum of the norms of the derivatives, and …
    doubt
        … of what they may be off.
    """

    rows: Sequence[Sequence[Any]]
    size: float = 0.0
    doubt: float = 0.0


@dataclass(eq=False)
class _Ensemble:
    """How all parts move along all directions: by part, then by direction."""

    motions: list[dict[int, _Motion]] = field(default_factory=list)
    opaque: set[int] = field(default_factory=set)


def tangent_slopes(space: Space, directions: Sequence[np.ndarray], outputs: Sequence[np.ndarray], norms: Sequence[float]) -> Slopes:
    """The derivatives along directions, at the point where the circuit was recorded.

    Parameters
    ----------
    space
        The circuit in real coordinates.
    directions
        Rows of coordinates.
    outputs, norms
        What the circuit gives there, and for each output the largest value that it can have.
    """
    sizes = [np.size(output) for output in outputs]
    return _Tangents(space.simulation, sizes, norms).slopes([_rates(space, direction) for direction in directions])


def has_laws(space: Space) -> bool:
    """Whether no difference needs to be taken for any trainable number of a gate."""
    simulation = space.simulation
    rates = _rates(space, np.ones(len(space.centre)))
    tangents = _Tangents(simulation, (), ())
    return all(
        tangents.lawful(index, [rates[start:stop]]) is not None
        for index, (start, stop) in enumerate(simulation.spans[: len(simulation.circuit.operations)])
        if _any(rates[start:stop])
    )


def _rates(space: Space, direction: np.ndarray) -> list[np.ndarray]:
    moved = space.values_at(direction)
    still = [np.zeros(value.shape) for value in space.simulation.values]
    return [moved[k] if k in space.positions else zero for k, zero in enumerate(still)]


def _any(rates: Rates) -> bool:
    return any(bool(rate.any()) for rate in rates)


class _Tangents:
    def __init__(self, simulation: Simulation, sizes: Sequence[int], norms: Sequence[float]) -> None:
        self.simulation, self.norms = simulation, norms
        self.count = len(simulation.circuit.operations)
        self.batch = max((len(rows) for rows in simulation.parts[: self.count]), default=1)
        self.sizes = [size // self.batch for size in sizes]

    def slopes(self, directions: Sequence[Rates]) -> Slopes:
        ensemble = _Ensemble()
        for index, (start, stop) in enumerate(self.simulation.spans):
            self._move(ensemble, index, {d: rates[start:stop] for d, rates in enumerate(directions) if _any(rates[start:stop])})
        known = np.array([d not in ensemble.opaque for d in range(len(directions))], dtype=bool)
        values, errors = zip(*(self._row(ensemble, row, known) for row in range(self.batch)))
        value, error = (self._joined(rows) for rows in (values, errors))
        undecided = np.isnan(value).any(axis=0)
        return Slopes(value, error, known & ~undecided)

    def _joined(self, rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        """The rows of each measurement one after the other, as they stand in its output."""
        return np.concatenate([part for reading in zip(*rows) for part in reading])

    # --- how parts move -----------------------------------------------------------------------------------------------

    def _move(self, ensemble: _Ensemble, index: int, directions: Mapping[int, Rates]) -> None:
        found: dict[int, _Motion] = {}
        ensemble.motions.append(found)
        lawful = self.lawful(index, list(directions.values())) if directions and index < self.count else None
        if lawful is not None:
            found.update({d: _Motion(rows, _size(rows)) for d, rows in zip(directions, lawful)})
            return
        seen: dict[bytes, Optional[_Motion]] = {}
        for d, rates in directions.items():
            length = max(float(np.max(np.abs(rate), initial=0.0)) for rate in rates)
            unit = [rate / length for rate in rates]
            key = b"".join(rate.tobytes() for rate in unit)
            if key not in seen:
                seen[key] = self._differenced(index, unit)
            motion = seen[key]
            if motion is None:
                ensemble.opaque.add(d)
            else:
                found[d] = _scaled(motion, length)

    def lawful(self, index: int, directions: Sequence[Rates]) -> Optional[list[Sequence[Sequence[Step]]]]:
        """How an operation moves by the laws of our own table, or None."""
        simulation = self.simulation
        start, stop = simulation.spans[index]
        node, values = simulation.circuit.nodes[index], simulation.values[start:stop]
        slopes: Optional[list[Any]] = simulation.plain.operation_slopes(node, values, directions, trusted=simulation.trusted)
        rows = simulation.parts[index]
        if slopes is None or not all([len(row) for row in found] == [len(row) for row in rows] for found in slopes):
            return None
        return slopes

    def _differenced(self, index: int, rates: Rates) -> Optional[_Motion]:
        """How a part moves, from differences of its matrices; None where they have no derivative, or others at each point."""
        simulation = self.simulation
        start, _ = simulation.spans[index]
        base = simulation.parts[index]
        skeleton = _flattened(base)[1]

        def numbers_at(step: float) -> np.ndarray:
            values = list(simulation.values)
            for k, rate in enumerate(rates, start):
                if rate.any():
                    values[k] = values[k] + step * rate
            try:
                numbers, form = _flattened(simulation.part(index, values) if step else base)
            except NotSimulated as error:
                raise ValueError(str(error)) from error
            if form != skeleton:
                raise ValueError("it is taken apart otherwise beside this point")
            return numbers.view(np.float64)

        found = smooth_slope(numbers_at)
        if found is None:
            return None
        slope, error = found[0].view(np.complex128), found[1]
        # what does not move exactly does not move: a fixed gate of a template is no tangent
        slope = np.where(np.abs(slope) <= np.abs(error.view(np.complex128)), 0, slope)
        doubt = float(np.linalg.norm(error))
        if not isinstance(base, Reading):
            rows = _rebuilt(base, slope)
            return _Motion(rows, _size(rows), doubt)
        terms = _moved_terms(base, slope)
        return None if terms is None else _Motion([terms], float(np.sum(np.abs(slope))), doubt)

    # --- one row of the batch ------------------------------------------------------------------------------------------

    def _row(self, ensemble: _Ensemble, row: int, known: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        simulation = self.simulation
        parts = simulation.parts[: self.count]
        steps: list[Union[Step, Moving]] = []
        movers: set[int] = set()
        for rows, motions in zip(parts, ensemble.motions):
            own = row if len(rows) > 1 else 0
            for k, step in enumerate(rows[own]):
                moves = {d: motion.rows[own][k] for d, motion in motions.items() if known[d] and _moves(motion.rows[own][k])}
                movers |= set(moves)
                steps.append(Moving(step, moves) if moves else step)
        observed = ensemble.motions[self.count :]
        movers |= {d for motions in observed for d in motions if known[d]}
        values = [np.where(known, np.zeros((size, len(known)), dtype=np.complex128), np.nan) for size in self.sizes]
        errors = [np.where(known, np.zeros((size, len(known))), np.inf) for size in self.sizes]
        numbers = 1 << (len(simulation.wires) * (2 if simulation.mixed else 1))
        together = max(1, _MOST_NUMBERS // numbers)
        order = sorted(movers)
        for start in range(0, len(order), together):
            self._evolve(steps, order[start : start + together], ensemble, values, errors)
        return values, errors

    def _evolve(
        self,
        steps: Sequence[Union[Step, Moving]],
        chosen: Sequence[int],
        ensemble: _Ensemble,
        values: list[np.ndarray],
        errors: list[np.ndarray],
    ) -> None:
        simulation = self.simulation
        simulation.evaluations += 1
        places = {d: place for place, d in enumerate(chosen)}
        final = evolve_tangents([_placed(step, places) for step in steps], simulation.wires, len(chosen))
        rounding = _MARGIN * EPS * float(np.sqrt(len(steps) + 1))
        sizes = np.array([sum(part[d].size for part in ensemble.motions[: self.count] if d in part) for d in chosen])
        doubts = np.array([sum(part[d].doubt for part in ensemble.motions[: self.count] if d in part) for d in chosen])
        for m, reading in enumerate(simulation.parts[self.count :]):
            own = ensemble.motions[self.count + m]
            found = read_slopes(final, reading, {places[d]: tuple(own[d].rows[0]) for d in chosen if d in own})
            if found is None:
                values[m][:, chosen] = np.nan
                continue
            slopes, stretch = found
            values[m][:, chosen] = slopes.reshape(len(chosen), -1).T
            moved = np.array([own[d].size if d in own else 0.0 for d in chosen])
            unsure = np.array([own[d].doubt if d in own else 0.0 for d in chosen])
            errors[m][:, chosen] = (self.norms[m] * (2 * doubts + rounding * (1 + 2 * sizes)) + rounding * moved + unsure) * stretch


def _placed(step: Union[Step, Moving], places: Mapping[int, int]) -> Union[Step, Moving]:
    if not isinstance(step, Moving):
        return step
    return Moving(step.step, {places[d]: move for d, move in step.moves.items() if d in places})


def _moves(slope: Step) -> bool:
    return any(bool(array.any()) for array in arrays_of(slope))


def _size(rows: Sequence[Sequence[Step]]) -> float:
    """The sum of the norms of derivatives, of the row in which it is largest."""
    return max((sum(float(np.linalg.norm(array)) for step in row for array in arrays_of(step)) for row in rows), default=0.0)


def _scaled(motion: _Motion, length: float) -> _Motion:
    def times(part: Any) -> Any:
        if isinstance(part, tuple):
            return (part[0] * length, part[1])
        return with_arrays(part, [array * length for array in arrays_of(part)])

    return _Motion([tuple(times(part) for part in row) for row in motion.rows], motion.size * length, motion.doubt * length)


# --- parts as rows of numbers -----------------------------------------------------------------------------------------------


def _flattened(part: Any) -> tuple[np.ndarray, tuple[object, ...]]:
    """The numbers of an operation's rows of steps or of a reading, and all else of it."""
    if isinstance(part, Reading):
        factors = [factor for _, found in part.terms for factor in found]
        arrays = [np.array([c for c, _ in part.terms]), *(f.matrix for f in (*factors, *part.basis))]
        form = (part.kind, tuple(len(found) for _, found in part.terms), tuple(map(skeleton_of, (*factors, *part.basis))))
        return _row_of(arrays), form
    steps = [step for row in part for step in row]
    arrays = [array for step in steps for array in arrays_of(step)]
    return _row_of(arrays), (tuple(len(row) for row in part), tuple(map(skeleton_of, steps)))


def _row_of(arrays: Sequence[np.ndarray]) -> np.ndarray:
    flat = [np.zeros(0, dtype=np.complex128), *(np.asarray(array, dtype=np.complex128).reshape(-1) for array in arrays)]
    return np.concatenate(flat)


def _rebuilt(rows: Sequence[Sequence[Step]], numbers: np.ndarray) -> list[list[Step]]:
    """Rows of steps of the same form that hold other numbers."""
    found, start = [], 0
    for row in rows:
        steps = []
        for step in row:
            arrays = []
            for array in arrays_of(step):
                arrays.append(numbers[start : start + array.size].reshape(array.shape))
                start += array.size
            steps.append(with_arrays(step, arrays))
        found.append(steps)
    return found


def _moved_terms(reading: Reading, numbers: np.ndarray) -> Optional[tuple[Term, ...]]:
    """The derivative of an observable as a sum of products; None where it is the basis read that moves."""
    count = len(reading.terms)
    found: list[Term] = [(complex(slope), factors) for slope, (_, factors) in zip(numbers, reading.terms) if slope]
    start = count
    for coefficient, factors in reading.terms:
        for k, factor in enumerate(factors):
            slope = numbers[start : start + factor.matrix.size].reshape(factor.matrix.shape)
            start += factor.matrix.size
            if slope.any():
                moved = with_arrays(factor, [slope])
                found.append((coefficient, (*factors[:k], moved, *factors[k + 1 :])))  # type: ignore[arg-type]
    return None if numbers[start:].any() else tuple(found)
