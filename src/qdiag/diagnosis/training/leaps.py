"""Steps longer than the landscape's period: angles that jump by more than a quarter of a turn from step to step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.landscape import angles_of
from qdiag.diagnosis.training.trained_calls import LEAST, remark_of_vanishing
from qdiag.model.call import Call
from qdiag.model.findings import Confidence, Evidence, Outcome
from qdiag.model.remarks import Remark

LONG = math.pi / 2
"""A step that is longer leads somewhere else than the gradient says: over a quarter of a turn a rotation's derivative goes from its
largest to zero, or changes its sign."""

OFTEN = 1 / 3
"""Of the steps."""


def leaps(history: History, calls: Sequence[Call]) -> Iterator[Remark]:
    """That steps are so long, where they are often so; under shots no gradient is known to be right, and none is spoken of."""
    if any(call.circuit.shots for call in calls):
        return
    moves = [(a, _typical_move(a, b)) for a, b in zip(calls, calls[1:]) if b.step == a.step + 1]
    long = [(call, move) for call, move in moves if move > LONG]
    if len(long) < LEAST or len(long) < OFTEN * len(moves) or not _steps_are_long(history, calls):
        return
    largest = max(move for _, move in long)
    because = (
        f"at {len(long)} of {len(moves)} steps the angles of {calls[0].configuration.qnode} move by more than a quarter of a turn, by "
        f"up to {largest:.3g} (the median of those that move): a rotation repeats itself after 2π, and the gradient says nothing of "
        "where so long a step leads"
    )
    tried = Evidence("angles from step to step", LONG, largest, Outcome.MOVES, True)
    remedy = "a learning rate at which one step moves an angle by less than 0.5"
    # seen, and not tried: no training with shorter steps was run
    yield remark_of_vanishing([call for call, _ in long], because, remedy, (tried,), Confidence.LIKELY)


def _typical_move(before: Call, after: Call) -> float:
    """The median of how far the angles moved that moved at all."""
    angles = angles_of(before.circuit)
    if angles != angles_of(after.circuit):
        return 0.0
    pairs = [(before.circuit.parameters[a.position].value, after.circuit.parameters[a.position].value) for a in angles]
    if not pairs or any(a.shape != b.shape for a, b in pairs):
        return 0.0
    moved = np.concatenate([np.abs(b - a).reshape(-1) for a, b in pairs])
    return float(np.median(moved[moved > 0])) if np.any(moved > 0) else 0.0


def _steps_are_long(history: History, calls: Sequence[Call]) -> bool:
    """Whether rates and gradients make for such steps, where they were recorded: else other data may have moved the angles."""
    training = history.training
    kinds = {seen.fact.number: seen.fact.kind for seen in training.optimisers}
    fed = {token for seen in training.origins if seen.fact.call == calls[0].index for token in seen.fact.circuit}
    moves = [
        # others than plain descent divide by the gradient's size
        parameter.rate * (parameter.size if kinds.get(seen.fact.optimiser) == "SGD" else 1.0)
        for seen in training.steps
        for parameter in seen.fact.parameters
        if parameter.token in fed
    ]
    return not moves or max(moves) > LONG
