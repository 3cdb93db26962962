"""The derivatives of a recorded circuit where the training was, and at random points of what it trains.

A gradient that is small where the training is may be so everywhere, or there alone; and one that is zero everywhere is zero by the
circuit's structure. Small derivatives are those of a plateau only where the results are as at random points, too: at the bottom of a
valley they are small as well. Evaluated in double precision without shots, by backprop on PennyLane's reference simulator: nothing is
said here of whether the user's own gradient is right, which others have proved before this is asked.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.training.history import History
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.node import nodes_of, parameters_of
from qdiag.model.operator_families import KRAUS_MATRICES, MIXING, STATE_DATA, UNITARY_DIAGONALS, UNITARY_MATRICES
from qdiag.model.variants import with_precision, with_values

POINTS = 12
"""Random points of all that is trained."""

MOST_RESULTS = 4
"""Results that are differentiated by themselves."""

MOST_WIRES = 14
"""Circuits on more wires are left alone: each point would take seconds."""

SECONDS = 20.0
"""What all points together may take; fewer have to do after that."""

NO_ANGLES = STATE_DATA | UNITARY_MATRICES | UNITARY_DIAGONALS | KRAUS_MATRICES | MIXING
"""Operations whose numbers are no angles, and cannot be drawn at random."""

SEED = 807

Cotangent = tuple[Optional[np.ndarray], ...]


@dataclass(frozen=True)
class Angle:
    """One trained number or array of a circuit: its position among the parameters, and the operation that has it."""

    position: int
    operation: int
    size: int


@dataclass(frozen=True, eq=False)
class Landscape:
    """Derivatives at random points.

    Parameters
    ----------
    angles
        What was drawn, in the order of the entries.
    values
        The numbers where the training was, entry by entry.
    slopes
        By point, result and entry; the last result is a random sum of all.
    """

    angles: tuple[Angle, ...]
    values: np.ndarray
    slopes: np.ndarray

    @property
    def dead(self) -> np.ndarray:
        """For each entry, whether no result moves with it at any point."""
        return np.asarray(np.max(np.abs(self.slopes), axis=(0, 1)) <= ZERO)

    @property
    def spread(self) -> tuple[float, float, float]:
        """The largest of all entries' and results' root mean squares over the points, with an interval of two standard errors."""
        squares = self.slopes[:, :-1] ** 2
        means = squares.mean(axis=0)
        k, entry = np.unravel_index(int(np.argmax(means)), means.shape)
        error = 2 * float(squares[:, k, entry].std()) / math.sqrt(len(squares))
        mean = float(means[k, entry])
        return math.sqrt(mean), math.sqrt(max(0.0, mean - error)), math.sqrt(mean + error)


ZERO = 1e-9
"""A derivative in double precision that is no larger is zero: results have a size of one."""


def angles_of(circuit: Circuit) -> tuple[Angle, ...]:
    """What is trained in a circuit, as far as it is angles: real numbers of operations that hold no matrix and no state."""
    found, position = [], 0
    for index, operation in enumerate(circuit.operations):
        free = not any(node.name in NO_ANGLES for node in nodes_of(operation))
        for parameter in parameters_of(operation):
            if free and parameter.trainable and parameter.value.dtype.kind == "f":
                found.append(Angle(position, index, parameter.value.size))
            position += 1
    return tuple(found)


def landscape_of(history: History, call: Call, points: int = POINTS) -> Optional[Landscape]:
    """The derivatives of one row of a call's circuit at random points; None where they cannot be had."""
    row = _one_row(history, call)
    angles = () if row is None else angles_of(row)
    if row is None or not angles:
        return None
    draws = np.random.default_rng(SEED)
    cotangents = _cotangents(call, draws, batched=_is_of_batch(call, row))
    found = []
    for evaluation in _at_random_points(history, call, row, cotangents, draws, points):
        slopes = _slopes(row, evaluation, angles, len(cotangents))
        if slopes is None:
            return None
        found.append(slopes)
    values = np.concatenate([row.parameters[a.position].value.reshape(-1) for a in angles])
    return Landscape(angles, values, np.stack(found)) if len(found) > 1 else None


def stands_in_a_valley(history: History, call: Call) -> bool:
    """Whether a training stands lower than at all random points, by what came back to a call's results.

    Chance puts one of thirteen plateaus there. Derivatives are not needed for it, so it costs far less than a landscape.
    """
    row = _one_row(history, call)
    if row is None or not call.outputs:
        return False
    batched = _is_of_batch(call, row)
    here = _loss(call, [output[0] for output in call.outputs] if batched else call.outputs, batched=batched)
    seen = 0
    for evaluation in _at_random_points(history, call, row, (), np.random.default_rng(SEED), POINTS):
        seen += 1
        if evaluation.outputs is None or here >= _loss(call, evaluation.outputs, batched=batched):
            return False
    return seen > 1


def _at_random_points(
    history: History, call: Call, row: Circuit, cotangents: Sequence[Cotangent], draws: np.random.Generator, points: int
) -> Iterator[Evaluation]:
    """A row of a call at random points, as many at a time as there are workers, as long as there is time."""
    until, angles = time.monotonic() + SECONDS, angles_of(row)
    while points and time.monotonic() < until:
        asked = []
        for _ in range(min(points, history.evaluator.count)):
            values = {a.position: draws.uniform(0, 2 * math.pi, row.parameters[a.position].value.shape) for a in angles}
            asked.append(_asked(history, call, with_values(row, values), cotangents))
        points -= len(asked)
        yield from [future.result() for future in asked]


def _loss(call: Call, results: Sequence[np.ndarray], *, batched: bool) -> float:
    """Results as far as the first pass of a call asked for them: lower is better."""
    brought = call.backwards[0].cotangents if call.backwards else ()
    weights = [None if c is None else np.asarray(c)[0] if batched else np.asarray(c) for c in brought]
    return float(sum(np.sum(np.real(np.conj(w) * result)) for w, result in zip(weights, results) if w is not None))


def slopes_at(
    history: History, call: Call, circuit: Circuit, angles: Sequence[Angle], cotangents: Sequence[Cotangent]
) -> Optional[np.ndarray]:
    """By cotangent and entry, the derivatives of a circuit in place of a call's own."""
    return _slopes(circuit, _asked(history, call, circuit, cotangents).result(), angles, len(cotangents))


def _asked(history: History, call: Call, circuit: Circuit, cotangents: Sequence[Cotangent]) -> Future[Evaluation]:
    """The evaluation of a circuit in place of a call's own, on the way."""
    mixed = any(node.name in MIXING for top in circuit.operations for node in nodes_of(top))
    method = Method("default.mixed" if mixed else "default.qubit", "backprop")
    request = Request.of(
        replace(with_precision(circuit, "float64"), shots=()),
        method,
        call.configuration,
        trusted=history.trusted,
        cotangents=tuple(cotangents),
    )
    return history.evaluator.submit(replace(request, default_dtype="float64" if request.default_dtype else ""))


def _slopes(circuit: Circuit, evaluation: Evaluation, angles: Sequence[Angle], count: int) -> Optional[np.ndarray]:
    """By cotangent and entry, the derivatives that an evaluation gives."""
    if evaluation.failure is not None or len(evaluation.vjps) != count:
        return None
    order = {position: k for k, position in enumerate(circuit.trainable)}
    rows = [np.concatenate([np.real(vjp[order[a.position]]).reshape(-1) for a in angles]) for vjp in evaluation.vjps]
    return np.stack(rows)


def is_known(call: Call) -> bool:
    """Whether there is anything to differentiate here: real results of a circuit of bearable size, recorded whole."""
    circuit, outputs = call.circuit, call.outputs or ()
    real = bool(outputs) and all(output.dtype.kind == "f" for output in outputs)
    bearable = len(circuit.wires) <= MOST_WIRES and not circuit.opaque and circuit.finite and len(circuit.shots) <= 1
    return real and bearable and not circuit.samples_only and len(outputs) == len(circuit.measurements)


def _one_row(history: History, call: Call) -> Optional[Circuit]:
    """The circuit of the first row of a batch; without a batch the circuit itself."""
    if not is_known(call):
        return None
    rows: tuple[Circuit, ...] = answer_of(history.evaluator.call(remote.rows, call.circuit, history.trusted), (), "the rows of a batch")
    return rows[0] if rows else call.circuit


def _is_of_batch(call: Call, row: Circuit) -> bool:
    """Whether a circuit is a row of a call's."""
    pairs = zip(row.parameters, call.circuit.parameters)
    return row is not call.circuit and any(a.value.shape != b.value.shape for a, b in pairs)


def _cotangents(call: Call, draws: np.random.Generator, *, batched: bool) -> tuple[Cotangent, ...]:
    """One for each of the first results, and one with random weights for all."""
    outputs = call.outputs or ()
    shapes = [output.shape[1:] if batched else output.shape for output in outputs]
    return (*_units(shapes), tuple(draws.standard_normal(shape) for shape in shapes))


def _units(shapes: Sequence[tuple[int, ...]]) -> Iterator[Cotangent]:
    count = 0
    for k, shape in enumerate(shapes):
        for index in np.ndindex(shape):
            if count < MOST_RESULTS:
                count += 1
                unit = np.zeros(shape)
                unit[index] = 1.0
                yield tuple(unit if other == k else None for other in range(len(shapes)))
