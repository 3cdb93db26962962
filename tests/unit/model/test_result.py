"""The order in which a reader gets what was found."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.comparison import Verdict
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
