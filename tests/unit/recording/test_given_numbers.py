"""What a call without numbers was given: what holds none itself, and which rows are all zero."""

from __future__ import annotations

import math
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qdiag.model.not_finite import GivenNumbers
from qdiag.recording.call_reader import are_finite
from qdiag.recording.given_numbers import given_numbers


def given(*args: Any, **kwargs: Any) -> tuple[GivenNumbers, ...]:
    call: Any = SimpleNamespace(args=args, kwargs=kwargs)
    return given_numbers(call, 3, ("x", "y")).given


@pytest.mark.parametrize(
    ("outputs", "finite"),
    [
        ([np.array([1.0, 2.0]), np.array(3)], True),
        ([np.array([1.0, math.nan])], False),
        ([np.array(1.0), np.array(complex(0, math.inf))], False),
    ],
)
def test_results_are_finite_where_every_number_is(outputs: Any, finite: bool) -> None:
    assert are_finite(outputs) is finite


def test_rows_that_are_zero_and_rows_that_are_lost_are_told_apart() -> None:
    rows = np.array([[1.0, 2.0], [0.0, 0.0], [math.nan, 0.0]])
    assert given(rows, weights=np.array([0.5, -3.0])) == (
        GivenNumbers("x", (3, 2), (2,), (1,), 2.0),
        GivenNumbers("weights", (2,), (), (), 3.0),
    )


def test_a_vector_of_zeros_is_a_row_of_zeros_and_a_zero_is_a_number() -> None:
    assert given(np.zeros(4), 0.0) == (GivenNumbers("x", (4,), (), (0,), 0.0), GivenNumbers("y", (), (), (), 0.0))


def test_entries_of_a_list_are_told_one_by_one_and_what_is_no_number_is_left_out() -> None:
    assert [one.name for one in given([0.1, math.nan], "text", None)] == ["x[0]", "x[1]"]


def test_looking_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given(np.array([complex(1e308, 1e308), math.inf]))
