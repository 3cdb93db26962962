"""From runs to what is reported: losses part by part of the training, thresholds, growth, and the curves of a plot."""

from __future__ import annotations

import numpy as np

from qdiag.model.twin_training import QUANTITIES, THRESHOLDS, Training, TwinRun
from qdiag.twins.growth import growth
from qdiag.twins.runs import Run, Twins
from qdiag.twins.series import Parting, Series, part, trains
from qdiag.twins.turns import turns
from qdiag.twins.verdict import training_verdict

PARTS = 6
"""Equal parts of the training whose mean losses are listed."""

MOST_POINTS = 600
"""Points of a curve: more than a plot can show."""


def account(twins: Twins) -> Training:
    """Everything that the runs show."""
    own = twins.own.series.first
    judgement = training_verdict(twins)
    other = twins.methods[0].run if twins.methods else None
    runs = [_summary(twins.own, "", None), _summary(twins.again, "own", twins.repeat)]
    runs += [_summary(pair.run, "own" if pair.against is twins.again else pair.against.name, pair.parting) for pair in twins.pairs]
    runs += [_summary(run, "", None) for run in twins.failed]
    # the other side of a pair that is not compared with the script's own run is listed too
    listed = {run.name for run in runs}
    runs += [
        _summary(pair.against, "own", part(twins.again.series, pair.against.series))
        for pair in twins.pairs
        if pair.against is not twins.again and pair.against.name not in listed
    ]
    return Training(
        own="" if own is None else own.configuration.method.diff_method,
        other="" if other is None else other.name,
        steps=len(twins.again.series.moments),
        runs=tuple(runs),
        judgement=judgement,
        turns=turns(twins.again.series, other.series) if other is not None else (),
        notes=(*twins.notes, *(f"{run.name} fails: {run.failure}" for run in twins.failed), *_troubles(twins)),
    )


def _troubles(twins: Twins) -> list[str]:
    runs = [twins.again, *(pair.run for pair in twins.pairs)]
    return [f"{run.name}: {note}" for run in runs for note in run.series.steps.notes]


def _summary(run: Run, against: str, parting: Parting | None) -> TwinRun:
    steps, gaps = _curve(parting) if parting is not None else ((), ())
    return TwinRun(
        name=run.name,
        role=run.role,
        changed=run.changed,
        against=against,
        losses=_parts(run.series),
        beyond=() if parting is None else tuple(tuple(parting.first_beyond(q, t) for t in THRESHOLDS) for q in QUANTITIES),
        largest=() if parting is None else tuple(parting.largest(quantity) for quantity in QUANTITIES),
        growth=None if parting is None else growth(parting.distance),
        steps=steps,
        gaps=gaps,
        seconds=run.seconds,
        trains=trains(run.series),
        failure=run.failure,
    )


def _parts(series: Series) -> tuple[float, ...]:
    """Mean losses of equal parts of the training, of fewer where it is short."""
    losses = series.losses[~np.isnan(series.losses)]
    return tuple(float(piece.mean()) for piece in np.array_split(losses, PARTS) if piece.size)


def _curve(parting: Parting) -> tuple[tuple[int, ...], tuple[float, ...]]:
    shown = np.flatnonzero(np.isfinite(parting.distance) & (parting.distance > 0))
    shown = shown[:: max(1, len(shown) // MOST_POINTS)]
    return tuple(int(step) for step in shown), tuple(float(parting.distance[step]) for step in shown)
