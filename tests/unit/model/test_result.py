"""The order in which a reader gets what was found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.result import verdict_of_all
from tests.worlds.results import CASES


def test_a_remark_stands_before_what_is_no_more_than_rounding() -> None:
    result = CASES["remarked"]().result
    assert [entry.verdict for entry in result.entries] == [Verdict.REMARK, Verdict.ROUNDING]


def test_an_error_stands_before_a_remark() -> None:
    remarks = CASES["remarked"]().result.remarks
    result = replace(CASES["shifted"]().result, remarks=remarks)
    assert [entry.verdict for entry in result.entries][-2:] == [Verdict.ERROR, Verdict.REMARK]


def test_a_remark_that_is_proven_is_an_error_and_stands_first() -> None:
    proven = tuple(replace(remark, verdict=Verdict.ERROR) for remark in CASES["remarked"]().result.remarks)
    result = replace(CASES["moons"]().result, remarks=proven)
    assert [entry.verdict for entry in result.entries] == [Verdict.ERROR, Verdict.ROUNDING]


AGREE, REMARK, ROUNDING, DOUBT, ERROR = Verdict.AGREE, Verdict.REMARK, Verdict.ROUNDING, Verdict.INCONCLUSIVE, Verdict.ERROR


@pytest.mark.parametrize(
    ("on_methods", "confidence", "leads"),
    [
        ([AGREE], None, AGREE),
        ([ROUNDING, DOUBT], None, DOUBT),
        ([DOUBT], Confidence.CONFIRMED, REMARK),
        ([DOUBT], Confidence.LIKELY, DOUBT),
        ([ERROR, DOUBT], Confidence.CONFIRMED, ERROR),
        ([REMARK, DOUBT], None, DOUBT),
        ([ROUNDING], Confidence.LIKELY, REMARK),
    ],
)
def test_a_confirmed_remark_leads_before_doubt_about_the_methods_and_any_remark_before_rounding(
    on_methods: list[Verdict], confidence: Confidence, leads: Verdict
) -> None:
    remark = CASES["remarked"]().result.remarks[0]
    about = [] if confidence is None else [replace(remark, diagnosis=replace(remark.diagnosis, confidence=confidence))]
    assert verdict_of_all(on_methods, about) is leads
