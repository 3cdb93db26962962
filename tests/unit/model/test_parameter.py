"""Numbers of dtypes that numpy does not have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.model.parameter import Parameter

HALF = Parameter(np.array([0.3, -3.0]), "torch", True, foreign="bfloat16")


@pytest.mark.parametrize(
    ("given", "nearest"),
    [(0.3, 0.30078125), (1.0, 1.0), (-2.5, -2.5), (1.00390625, 1.0), (1.01171875, 1.015625), (float("inf"), float("inf"))],
)
def test_a_foreign_dtypes_number_is_the_nearest_that_it_has_whatever_moves_it_there(given: float, nearest: float) -> None:
    moved = replace(HALF, value=np.array(given))
    assert (float(moved.value), moved.value.dtype.name, moved.dtype, moved.eps) == (nearest, "float32", "bfloat16", 2.0**-7)


def test_what_is_no_number_stays_none() -> None:
    assert np.isnan(replace(HALF, value=np.array(np.nan)).value)
