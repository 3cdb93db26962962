"""One broken way back is told once, by the cause that says most of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.diagnosis.causes import cause_of
from qdiag.diagnosis.training.detectors import without_echoes
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.remarks import Remark
from tests.worlds.results import CASES


def told(code: str, qnode: str = "circuit", verdict: Verdict = Verdict.REMARK) -> Remark:
    (made,) = CASES["remarked"]().result.remarks
    diagnosis = cause_of(code).diagnosis(Confidence.LIKELY, "")
    return replace(made, verdict=verdict, diagnosis=diagnosis, qnodes=(qnode,))


@pytest.mark.parametrize(
    ("echo", "better"),
    [("QD804", "QD802"), ("QD804", "QD801"), ("QD801", "QD802"), ("QD804", "QD803"), ("QD807", "QD306")],
)
def test_of_two_causes_of_one_break_the_one_that_says_why_is_told(echo: str, better: str) -> None:
    kept = without_echoes([told(echo), told(better)])
    assert [remark.diagnosis.code for remark in kept] == [better]


def test_another_qnode_is_another_break() -> None:
    assert len(without_echoes([told("QD804", "one"), told("QD802", "other")])) == 2


def test_what_is_proven_is_told_in_any_case() -> None:
    assert len(without_echoes([told("QD801", verdict=Verdict.ERROR), told("QD802")])) == 2


def test_causes_of_other_things_stay_beside_each_other() -> None:
    assert len(without_echoes([told("QD808"), told("QD802"), told("QD806")])) == 3
