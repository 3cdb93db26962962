"""The report's plots, as far as their text tells what they show."""

from __future__ import annotations

import re

import pytest

from qdiag.report.content.outline import Curve, GapPlot
from qdiag.report.formats.plots import gap_over_calls


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_calls_are_counted_in_whole_numbers_be_there_but_one(calls: int) -> None:
    curve = Curve("adjoint", tuple(range(calls)), (3.0,) * calls)
    drawn = gap_over_calls(GapPlot((curve,), bound=10.0, unit="eps", first=None, alt="three"))
    before_its_label = re.search(r"(.*)>call<", drawn, re.DOTALL)[1]
    assert re.findall(r"<text[^>]*>([^<]*)<", before_its_label) == [str(call) for call in range(calls)]
