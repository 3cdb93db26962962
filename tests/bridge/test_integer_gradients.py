"""What the installed autograd makes of a slope on its way back to an array."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.stack

pytest.importorskip("pennylane")
handed_on = pytest.importorskip("qdiag.bridges.facts.integer_gradients").handed_on


@pytest.mark.parametrize(("dtype", "left"), [("int64", -1.0), ("float64", -1.7)])
def test_an_array_gets_a_slope_in_its_own_dtype(dtype: str, left: float) -> None:
    assert handed_on(-1.7, dtype) == left
