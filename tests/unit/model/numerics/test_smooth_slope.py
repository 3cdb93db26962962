"""The derivative of small arrays: right within its error, and none at kinks, jumps, edges and where nothing converges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.numerics.smooth_slope import EVALUATIONS, smooth_slope


def numbers(*values: float) -> np.ndarray:
    return np.array(values)


@given(st.floats(-4, 4), st.floats(0.1, 60))
def test_of_sines_it_is_right_within_its_error(angle: float, frequency: float) -> None:
    found = smooth_slope(lambda s: numbers(math.sin(frequency * (angle + s)), math.cos(frequency * (angle + s))))
    if found is None:
        # of what turns so fast it is now and then not sure, and says nothing
        assert frequency > 20
        return
    value, error = found
    exact = frequency * numbers(math.cos(frequency * angle), -math.sin(frequency * angle))
    assert np.all(np.abs(value - exact) <= error)
    assert np.all(error <= 1e-9 * (1 + frequency))


@given(st.floats(0.05, 0.7), st.floats(-3, 3))
def test_of_roots_and_exponentials_too(share: float, rate: float) -> None:
    found = smooth_slope(lambda s: numbers(math.sqrt(1 - share - s), math.exp(rate * s), (1 + s) ** 5))
    assert found is not None
    value, error = found
    # what moves by less than rounding is taken to be still
    assert np.all(np.abs(value - numbers(-0.5 / math.sqrt(1 - share), rate, 5)) <= error + 1e-14)


def test_what_does_not_move_has_no_error() -> None:
    found = smooth_slope(lambda s: numbers(0.3, math.sin(s)))
    assert found is not None
    assert (found[0][0], found[1][0]) == (0, 0)
    assert found[1][1] > 0


def test_gates_take_few_evaluations() -> None:
    steps: list[float] = []

    def gate(step: float) -> np.ndarray:
        steps.append(step)
        return numbers(math.cos((0.4 + step) / 2), math.sin((0.4 + step) / 2))

    smooth_slope(gate)
    assert len(steps) == EVALUATIONS


@pytest.mark.parametrize("size", [1.0, 1e-3])
@pytest.mark.parametrize("point", [0.0, 0.003, 0.1])
def test_at_a_kink_and_near_one_it_says_nothing_false(size: float, point: float) -> None:
    """On the kink there is no derivative; beside it, either none or the right one."""
    found = smooth_slope(lambda s: numbers(math.sin(s) + size * abs(s + point)))
    if point == 0:
        assert found is None
    elif found is not None:
        assert abs(found[0][0] - (1 + size)) <= found[1][0]


def test_across_a_jump_there_is_none() -> None:
    assert smooth_slope(lambda s: numbers(1.0 if s > 0 else 0.0)) is None


def test_at_the_edge_of_a_domain_there_is_none() -> None:
    assert smooth_slope(lambda s: numbers(math.sqrt(s))) is None


def test_where_the_array_is_another_one_beside_the_point_there_is_none() -> None:
    assert smooth_slope(lambda s: np.zeros(2 if s else 1)) is None
