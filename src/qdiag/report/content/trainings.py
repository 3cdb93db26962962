"""Twin runs as a section of the report: losses part by part, first steps beyond each threshold, growth, and the plot."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any, Optional

from qdiag.model.twin_training import QUANTITIES, THRESHOLDS, Growth, Training, TwinRun
from qdiag.report.content.figures import NOTHING, count, gap, word
from qdiag.report.outline import Curve, Table, TrainingPlot, Trainings

_PLOTTED = ("method", "qnode-float64", "float64")


def trainings(training: Training) -> Trainings:
    """The section."""
    judgement = training.judgement
    return Trainings(
        sentences=judgement.sentences,
        losses=_losses(training),
        thresholds=_thresholds(training),
        growth=_growth(training),
        turns=tuple(f"step {turn.step}: {turn.text}" for turn in training.turns),
        advice=judgement.advice,
        plot=_plot(training),
    )


def _losses(training: Training) -> Table:
    parts = max((len(run.losses) for run in training.runs), default=0)
    header = ("Run", *(f"{number}/{parts}" for number in range(1, parts + 1)))
    rows, digits = [], _digits({run.losses for run in training.runs})
    for run in training.runs:
        losses = _written(run.losses, digits)
        losses += [NOTHING] * (parts - len(losses))
        rows.append((run.name, *losses))
    note = f"Mean losses of equal parts of {count(training.steps, 'step')}." if parts else "No loss was seen."
    stuck = [run.name for run in training.runs if run.losses and not run.trains]
    if stuck:
        note += f" The loss does not fall: {', '.join(stuck)}."
    return Table("Losses of each run", header, tuple(rows), note)


MOST_DIGITS = 16
"""Of a number in double precision."""


def _digits(different: Collection[Sequence[float]]) -> int:
    """How many decimals it takes, from 6, until rows that differ look different."""
    for digits in range(6, MOST_DIGITS):
        if len({tuple(_written(row, digits)) for row in different}) == len(different):
            return digits
    return MOST_DIGITS


def _written(losses: Sequence[float], digits: int) -> list[str]:
    return [f"{loss:.{digits}f}" if math.isfinite(loss) else word(loss) for loss in losses]


def _thresholds(training: Training) -> Optional[Table]:
    rows = []
    for run in training.runs:
        for quantity, steps in zip(QUANTITIES, run.beyond):
            if run.role not in ("own", "again"):
                largest = gap(run.largest[QUANTITIES.index(quantity)])
                cells = tuple(NOTHING if step is None else str(step) for step in steps)
                rows.append((f"{run.name} – {run.against}", quantity, *cells, largest))
    if not rows:
        return None
    header = ("Pair", "Quantity", *(f"> {threshold:.0e}" for threshold in THRESHOLDS), "largest")
    return Table("First step with a larger gap", header, tuple(rows), "Largest absolute differences, steps from 0.")


def _growth(training: Training) -> Optional[Table]:
    shown = [run for run in training.runs if run.role not in ("own", "again") and run.largest]
    if not shown:
        return None
    rows = tuple((f"{run.name} – {run.against}", *_growth_cells(run.growth), gap(run.reach)) for run in shown)
    note = "Distance of the parameters, Theil-Sen fit on its logarithm, 90 % by blocks of residuals."
    return Table("Growth of the gap", ("Pair", "× a step", "90 %", "from", "to", "reaches"), rows, note)


def _growth_cells(growth: Optional[Growth]) -> tuple[str, str, str, str]:
    if growth is None:
        return (NOTHING, "", "", "")
    return (f"{growth.factor:.3f}", f"{growth.low:.3f}–{growth.high:.3f}", str(growth.start), str(growth.end))


def _plot(training: Training) -> Optional[TrainingPlot]:
    curves = tuple(_curve(run) for run in training.runs if run.role in _PLOTTED and run.steps)
    controls = tuple(_curve(run) for run in training.runs if run.role == "control" and run.steps)
    if not curves and not controls:
        return None
    ends = ", ".join(f"{curve.method} {gap(curve.heights[-1])}" for curve in curves)
    alt = f"Distance between the trainings over {count(training.steps, 'step')}, log axis; at the end: {ends or 'controls only'}."
    return TrainingPlot(curves, controls, tuple(dict.fromkeys(turn.step for turn in training.turns)), alt)


def _curve(run: TwinRun) -> Curve:
    return Curve(f"{run.name} – {run.against}", run.steps, run.gaps)


def training_record(training: Training) -> dict[str, Any]:
    """What findings.json holds of twin runs."""
    judgement = training.judgement
    return {
        "own": training.own,
        "other": training.other,
        "steps": training.steps,
        "sentences": list(judgement.sentences),
        "advice": list(judgement.advice),
        "events": [asdict(turn) for turn in training.turns],
        "thresholds": list(THRESHOLDS),
        "runs": [_run_record(run) for run in training.runs],
    }


def _run_record(run: TwinRun) -> dict[str, Any]:
    record: dict[str, Any] = {
        "name": run.name,
        "role": run.role,
        "changed": run.changed,
        "against": run.against,
        "seconds": round(run.seconds, 2),
        "trains": run.trains,
        "failure": run.failure,
        "losses": [_number(loss) for loss in run.losses],
        "growth": None if run.growth is None else asdict(run.growth),
        "first_step_beyond": {quantity: list(steps) for quantity, steps in zip(QUANTITIES, run.beyond)},
    }
    return {**record, "largest": {quantity: _number(size) for quantity, size in zip(QUANTITIES, run.largest)}}


def _number(number: float) -> Any:
    """A number, or the word for what is none."""
    return number if math.isfinite(number) else word(number)
