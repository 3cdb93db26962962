"""Whether the rows of a batch depend on each other: each is changed by itself, and all results are looked at.

Row i of the results should move with row i of the batch and with no other. That an argument is a batch is certain where a layer passed
it. Elsewhere it must show: the circuit is broadcast, but along the last axis instead of the first one; as many rows are used as one row
has entries, and the others move nothing; and each row by itself runs the same circuit, once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.arguments import like
from qdiag.bridges.live.probe_subject import SEED, Subject
from qdiag.model.probe import Probe, ProbedRows

MOST_ROWS = 16
"""Rows that are changed one by one, where the results do not have the rows' own axis."""

SECONDS = 4.0
"""How long rows are changed: the probe has other things to do."""


def with_rows(subject: Subject, probe: Probe, layer: str) -> Probe:
    """The probe with the number of rows, and how far a result moves with a row that is not its own; as it is without a batch.

    Parameters
    ----------
    subject
        The QNode and its arguments.
    probe
        What is known so far.
    layer
        Class name of the layer that made the call, or "".
    """
    position = _position_of_batch(subject, layer)
    if position is None:
        return probe
    leaf = subject.leaves[position]
    rows, results = leaf.array.shape[0], _results_of(subject)
    moves = _moves_by_row(subject, position, _some_of(rows) if results == rows else [*range(min(rows, MOST_ROWS))])
    unused = sum(1 for moved in moves.values() if not np.any(moved > 0))
    if not layer and not (unused and len(moves) - unused == results):
        return probe
    worst = _worst(moves, own_result=results == rows)
    batch = ProbedRows(leaf.name, leaf.array.shape, results, tried=len(moves), unused=unused)
    if worst is None:
        return replace(probe, rows=rows, batch=batch)
    return replace(probe, rows=rows, mixing=worst.gap, batch=replace(batch, row=worst.row, result=worst.result))


def _position_of_batch(subject: Subject, layer: str) -> Optional[int]:
    """Which of the arguments is a batch, or may be one: no parameter, in which a graph would begin.

    A layer passes its input before its parameters: where that has one row, nothing else is a batch.
    """
    data = [position for position, leaf in enumerate(subject.leaves) if not leaf.begins]
    asked = [*range(len(subject.leaves))][:1] if layer else data
    with_many = (position for position in asked if _has_rows(subject.leaves[position].array))
    return next((position for position in with_many if layer or _may_be_a_batch(subject, position)), None)


def _has_rows(array: np.ndarray) -> bool:
    return array.ndim >= 2 and array.shape[0] >= 2 and array.dtype.kind in "fc"


def _results_of(subject: Subject) -> int:
    """The length of the first axis that all outputs share, 0 where they have none."""
    lengths = {output.shape[0] if output.ndim else 0 for output in subject.plain}
    return lengths.pop() if len(lengths) == 1 else 0


def _some_of(rows: int) -> list[int]:
    """The first two, which a quantum function that takes rows for features uses, and the last."""
    return sorted({0, 1, rows - 1})


Moves = dict[int, np.ndarray]
"""For each row that was changed, how far each result moved."""


def _moves_by_row(subject: Subject, position: int, rows: list[int]) -> Moves:
    leaf, draws = subject.leaves[position], np.random.default_rng(SEED)
    until, moves = time.process_time() + SECONDS, {}
    for row in rows:
        changed = np.array(leaf.array)
        changed[row] = changed[row] + np.asarray(draws.uniform(0.2, 0.6, changed[row].shape), changed.dtype)
        values = subject.here
        values[position] = like(leaf, changed)
        outputs = subject.outputs(values)
        if any(a.shape != b.shape for a, b in zip(subject.plain, outputs)):
            break
        by_output = [_by_result(np.abs(a - b)) for a, b in zip(subject.plain, outputs)]
        length = min(len(moved) for moved in by_output)
        moves[row] = np.max([moved[:length] for moved in by_output], axis=0)
        if time.process_time() > until:
            break
    return moves


def _by_result(moved: np.ndarray) -> np.ndarray:
    """The largest move in each entry of the first axis."""
    return np.asarray(moved.reshape(moved.shape[0], -1).max(axis=1, initial=0.0)) if moved.ndim else moved.reshape(1)


class _Worst(NamedTuple):
    gap: float
    row: int
    result: int


def _worst(moves: Moves, own_result: bool) -> Optional[_Worst]:
    """The largest move of a result by a row that is not its own; of any result, where results are not the rows'."""
    found = [
        _Worst(float(gap), row, result)
        for row, moved in moves.items()
        for result, gap in enumerate(moved)
        if not (own_result and row == result)
    ]
    return max(found, default=None)


# --- what tells a batch from a table of numbers ---------------------------------------------------------------------------


def _may_be_a_batch(subject: Subject, position: int) -> bool:
    """Whether a circuit for each entry of a row ran, and each row by itself runs the same operations, once."""
    shape, results = subject.leaves[position].array.shape, _results_of(subject)
    if len(shape) != 2 or results != shape[1] or results == shape[0] or _circuits(subject, subject.here) != results:
        return False
    together = qnode_attributes.operations_of(subject.qnode)
    return all(_runs_alone(subject, position, row, together) for row in (0, shape[0] - 1))


def _circuits(subject: Subject, values: list[Any]) -> int:
    subject.evaluate(subject.qnode, values)
    return qnode_attributes.circuits_of(subject.qnode)


def _runs_alone(subject: Subject, position: int, row: int, together: tuple[str, ...]) -> bool:
    leaf, values = subject.leaves[position], subject.here
    values[position] = like(leaf, leaf.array[row])
    try:
        circuits = _circuits(subject, values)
    except Exception:
        # a quantum function that cannot go on with one row: it was no batch
        return False
    return circuits == 0 and qnode_attributes.operations_of(subject.qnode) == together
