"""Numbers and counts as readers get them: few digits, and never a number for what is none."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np
import pytest

from qdiag.report.content import figures


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (6e-8, "6.0e-08"),
        (0.35, "0.35"),
        (0.0012, "0.0012"),
        (12.4, "12"),
        (999.9, "1000"),
        (0.000999, "0.0010"),
        (9.96, "10"),
        (12345, "1.2e+04"),
        (0, "0"),
        (None, "no number"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_gaps_have_two_digits(number: Optional[float], written: str) -> None:
    assert figures.gap(number) == written


def test_values_have_eight_digits_or_as_many_as_tell_them_apart() -> None:
    assert figures.values((0.28366217, 0.28366223)) == ("0.28366217", "0.28366223")
    assert figures.values((0.5, 0.5 + 1e-12)) == ("0.5", "0.500000000001")
    assert figures.values((0.25, None)) == ("0.25", "no number")
    assert figures.values((math.nan, 1.0)) == ("nan", "1")
    assert figures.value(1 - 2j) == "1-2i"
    assert figures.value(np.complex128(0.5)) == "0.5"


def test_counts_agree_with_their_nouns() -> None:
    assert [figures.count(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
    assert figures.listing(["a"]) == "a"
    assert figures.listing(["a", "b", "c"]) == "a, b and c"


def test_durations_are_read_at_a_glance() -> None:
    assert [figures.seconds(s) for s in (0.0042, 0.25, 1.234, 47.9, 200)] == ["4.2 ms", "250 ms", "1.2 s", "48 s", "3 min 20 s"]
