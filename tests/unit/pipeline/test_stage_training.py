"""What is remarked of a training, and what a run's verdict becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional, cast

import pytest

from qdiag.diagnosis.training.detectors import Detector
from qdiag.diagnosis.training.history import History, Recording
from qdiag.evaluation.limits import Deadline
from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Coverage
from qdiag.model.findings import Finding
from qdiag.model.remarks import Remark
from qdiag.pipeline.run_result import verdict_of_run
from qdiag.pipeline.stage_context import StageContext
from qdiag.pipeline.stage_training import remarks_of
from tests.worlds.results import CASES

RESULT = CASES["remarked"]().result
(REMARK,) = RESULT.remarks


class NoWorkers:
    """Nobody evaluates anything here."""

    workers = None
    trusted = False
    folder = None

    def __init__(self, seconds: Optional[float] = None) -> None:
        self.deadline = Deadline(seconds)
        self.deadline.begin()


def looked(*detectors: Detector, seconds: Optional[float] = None) -> tuple[tuple[Remark, ...], tuple[str, ...]]:
    context = cast(StageContext, NoWorkers(seconds))
    return remarks_of(cast(Recording, None), Located(), context, lambda done, total: None, detectors)


def one(history: History) -> Iterator[Remark]:
    yield REMARK


def tripping(history: History) -> Iterator[Remark]:
    raise KeyError("gone")


def test_every_detector_is_asked() -> None:
    assert looked(one, one)[0] == (REMARK, REMARK)


def test_when_the_budget_is_spent_no_detector_is_asked() -> None:
    assert looked(one, seconds=0.0) == ((), ())
    assert looked(one, seconds=60.0)[0] == (REMARK,)


def test_a_detector_that_fails_leaves_a_note_and_the_others_their_remarks() -> None:
    remarks, notes = looked(tripping, one)
    assert remarks == (REMARK,)
    assert notes == ("qdiag itself failed on the training around the QNodes (KeyError: 'gone')",)


@pytest.mark.parametrize(
    ("located", "findings", "remarked", "whole"),
    [
        (Verdict.AGREE, (), Verdict.REMARK, Verdict.REMARK),
        (Verdict.AGREE, (), None, Verdict.AGREE),
        (Verdict.ROUNDING, RESULT.findings, Verdict.REMARK, Verdict.REMARK),
        (Verdict.ROUNDING, RESULT.findings, Verdict.ERROR, Verdict.ERROR),
        (Verdict.INCONCLUSIVE, (), Verdict.REMARK, Verdict.REMARK),
        (Verdict.INCONCLUSIVE, RESULT.findings, None, Verdict.ROUNDING),
        (Verdict.ERROR, CASES["shifted"]().result.findings, Verdict.REMARK, Verdict.ERROR),
    ],
)
def test_a_confirmed_remark_outweighs_rounding_and_doubt_and_no_error(
    located: Verdict, findings: tuple[Finding, ...], remarked: Verdict, whole: Verdict
) -> None:
    remarks = (replace(REMARK, verdict=remarked),) if remarked else ()
    assert verdict_of_run(Located(verdict=located), findings, remarks, Coverage()) is whole
