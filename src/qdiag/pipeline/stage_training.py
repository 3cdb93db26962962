"""What is remarked of the training around the QNodes; a detector that fails leaves a note, and the report stands without it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from qdiag.diagnosis.training.detectors import DETECTORS, Detector, without_echoes
from qdiag.diagnosis.training.history import History, Recording
from qdiag.judging.replay.located import Located
from qdiag.model.remarks import Remark
from qdiag.pipeline.run_options import Report
from qdiag.pipeline.stage_context import StageContext, or_what_is_left


def remarks_of(
    recording: Recording, located: Located, context: StageContext, report: Report, detectors: Sequence[Detector] = DETECTORS
) -> tuple[tuple[Remark, ...], tuple[str, ...]]:
    """What is amiss in a training, as far as there is time to look, and notes about what could not be looked at.

    Parameters
    ----------
    recording, located, context
        The trace, what its replay found, and what to work with.
    report
        Told how many detectors have looked, and of how many.
    detectors
        Who looks.
    """
    history = History(recording, located, context.workers, context.trusted, context.folder)
    remarks: list[Remark] = []
    notes: list[str] = []
    for done, detector in enumerate(detectors):
        if context.deadline.passed:
            break
        report(done, len(detectors))
        remarks += or_what_is_left(partial(_look, detector, history), partial(_leave_note, notes), "the training around the QNodes")
    return without_echoes(remarks), tuple(notes)


def _look(detector: Detector, history: History) -> list[Remark]:
    return list(detector(history))


def _leave_note(notes: list[str], failed: str) -> list[Remark]:
    notes.append(failed)
    return []
