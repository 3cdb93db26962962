"""The user's tolerance and the verdicts, as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.errors import ExitCode, UsageError
from qdiag.model.comparison import Tolerance, Verdict

NUMBERS = st.none() | st.floats(0, 1e6) | st.integers(0, 10)


@given(NUMBERS, NUMBERS)
def test_any_number_from_zero_on_is_a_tolerance_and_none_is_the_derived_one(absolute: float | None, relative: float | None) -> None:
    made = Tolerance(absolute, relative)
    assert (made.absolute, made.relative) == (absolute, relative)


@pytest.mark.parametrize("odd", [-1.0, -1e-300, float("nan"), "1e-3", 1j, [1e-3], -float("inf")])
def test_what_is_no_tolerance_is_a_usage_error_with_a_cure(odd: object) -> None:
    for absolute, relative in ((odd, None), (None, odd)):
        with pytest.raises(UsageError, match="is no tolerance") as caught:
            Tolerance(absolute, relative)  # type: ignore[arg-type]
        assert caught.value.cure
        assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("tolerance", "words"),
    [
        (Tolerance(), ""),
        (Tolerance(absolute=1e-5), "atol 1e-05"),
        (Tolerance(relative=0.25), "rtol 0.25"),
        (Tolerance(0, 1e-3), "atol 0, rtol 0.001"),
    ],
)
def test_a_tolerance_says_which_of_its_two_numbers_were_given(tolerance: Tolerance, words: str) -> None:
    assert str(tolerance) == words


def test_verdicts_go_from_best_to_worst_and_are_the_words_of_the_files() -> None:
    assert [verdict.value for verdict in Verdict] == ["agree", "remark", "rounding", "refused", "inconclusive", "error"]
    assert Verdict("error") is Verdict.ERROR
