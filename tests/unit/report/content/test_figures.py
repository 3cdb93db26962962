"""Numbers and counts as readers get them: few digits, and never a number for what is none."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.call import Failure
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


# --- of any number -----------------------------------------------------------------------------------------------------

FINITE = st.floats(1e-300, 1e300)


@given(FINITE)
def test_a_gap_says_its_number_to_two_digits(number: float) -> None:
    written = figures.gap(number)
    assert float(written) == pytest.approx(number, rel=0.051)
    assert len(written) <= 8
    assert figures.gap(-number) == f"-{written}"


@given(FINITE, FINITE)
def test_a_larger_gap_never_reads_smaller(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert float(figures.gap(small)) <= float(figures.gap(large))


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=4, unique=True))
def test_values_that_differ_are_written_differently(numbers: list[float]) -> None:
    written = figures.values(numbers)
    assert len(set(written)) == len(set(numbers))
    assert all(float(text) == pytest.approx(number, abs=1e-7) for text, number in zip(written, numbers))


@given(st.complex_numbers(allow_nan=False, allow_infinity=False, max_magnitude=100))
def test_a_complex_value_can_be_read_back(number: complex) -> None:
    assert complex(figures.value(number, 17).replace("i", "j")) == pytest.approx(number)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (complex(math.nan, 0), "nan"),
        (complex(1, math.nan), "nan"),
        (complex(math.inf, 1), "inf+1i"),
        (complex(0, -2), "0-2i"),
        (0.1 + 0.2, "0.3"),
        (True, "1"),
    ],
)
def test_odd_values(number: complex, written: str) -> None:
    assert figures.value(number) == written


@pytest.mark.parametrize(
    ("ulps", "written"), [(0.5, "0.5"), (1.43, "1.4"), (9.94, "9.9"), (9.96, "10"), (0.01, "0.010"), (3.1e6, "3.1e+06"), (0.0, "0")]
)
def test_units_of_the_working_precision(ulps: float, written: str) -> None:
    assert figures.units(ulps) == written


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_a_precision_is_named_after_its_eps(name: str) -> None:
    assert figures.precision(float(np.finfo(name).eps)) == name


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0 ms"),
        (0.00999, "10 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (9.99, "10.0 s"),
        (119.4, "119 s"),
        (120, "2 min 0 s"),
        (3599.9, "59 min 59 s"),
    ],
)
def test_durations_at_the_borders(seconds: float, written: str) -> None:
    assert figures.seconds(seconds) == written


@pytest.mark.parametrize(
    ("indices", "total", "written"),
    [
        ((), 5, "0 of 5 calls"),
        ((3,), 5, "1 of 5 calls"),
        ((0,), 1, "1 of 1 call"),
        ((0, 1), 2, "all 2 calls"),
        ((0, 2), 5, "2 of 5 calls"),
    ],
)
def test_which_calls(indices: tuple[int, ...], total: int, written: str) -> None:
    assert figures.calls(indices, total) == written


@given(st.text(max_size=60), st.integers(1, 40))
def test_what_is_shortened_is_one_line_of_at_most_so_many_characters(text: str, limit: int) -> None:
    short = figures.short_line(text, limit)
    assert len(short) <= limit
    assert "\n" not in short
    assert short == " ".join(text.split()) or short.endswith("…")


@pytest.mark.parametrize(("names", "listed"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c", "d"], "a, b, c or d")])
def test_a_list_in_a_sentence(names: list[str], listed: str) -> None:
    assert figures.listing(names, "or") == listed


def test_an_exception_without_a_type_is_its_words() -> None:
    assert figures.words(Failure("", "needs a free wire")) == "needs a free wire"
    assert figures.words(Failure("ValueError", "no")) == "ValueError: no"


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert (figures.count(1, "axis", "axes"), figures.count(2, "axis", "axes")) == ("1 axis", "2 axes")


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345, "12 kB"), (9_960_000, "10 MB"), (2e12, "2000 GB")]
)
def test_sizes_are_written_as_people_read_them(number: float, written: str) -> None:
    assert figures.size(int(number)) == written
