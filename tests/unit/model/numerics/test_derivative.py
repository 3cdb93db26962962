"""Numerical derivatives: exact on closed forms within their error bar, honest about kinks, edges and noise."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.numerics.derivative import STEPS, Derivative, curvature, derivative

Scalar = Callable[[float], float]


def along(function: Scalar, x: float, **options: Any) -> Derivative:
    return derivative(lambda point: function(float(point[0])), [x], [1.0], **options)


def bend(function: Scalar, x: float) -> Derivative:
    return curvature(lambda point: function(float(point[0])), [x], [1.0])


CLOSED_FORMS: list[tuple[str, Scalar, Scalar, Scalar]] = [
    # name, function, slope, curvature
    ("a constant", lambda t: 3.0, lambda t: 0.0, lambda t: 0.0),
    ("a line", lambda t: 2 - 7 * t, lambda t: -7.0, lambda t: 0.0),
    ("a parabola", lambda t: 3 * t * t - t, lambda t: 6 * t - 1, lambda t: 6.0),
    ("a ninth power", lambda t: t**9, lambda t: 9 * t**8, lambda t: 72 * t**7),
    ("a sine", math.sin, math.cos, lambda t: -math.sin(t)),
    ("a fast sine", lambda t: math.sin(20 * t), lambda t: 20 * math.cos(20 * t), lambda t: -400 * math.sin(20 * t)),
    ("an exponential", math.exp, math.exp, math.exp),
    ("a hyperbola", lambda t: 1 / (t + 5), lambda t: -1 / (t + 5) ** 2, lambda t: 2 / (t + 5) ** 3),
    ("a square of a cosine", lambda t: math.cos(t) ** 2, lambda t: -math.sin(2 * t), lambda t: -2 * math.cos(2 * t)),
    ("an offset", lambda t: 1e6 + math.sin(t), math.cos, lambda t: -math.sin(t)),
    ("a tiny function", lambda t: 1e-9 * math.sin(t), lambda t: 1e-9 * math.cos(t), lambda t: -1e-9 * math.sin(t)),
]


@pytest.mark.parametrize(("name", "function", "slope", "second"), CLOSED_FORMS, ids=[form[0] for form in CLOSED_FORMS])
@pytest.mark.parametrize("x", [-1.3, 0.0, 0.4, 1.5])
def test_the_slope_of_a_closed_form_is_within_its_error_bar_and_the_bar_is_small(
    name: str, function: Scalar, slope: Scalar, second: Scalar, x: float
) -> None:
    found = along(function, x)
    size = max(abs(function(x)), abs(slope(x)), 1e-9)
    assert abs(found.value - slope(x)) <= found.error
    assert found.error <= 1e-8 * size + 1e-15
    assert found.smooth


@pytest.mark.parametrize(("name", "function", "slope", "second"), CLOSED_FORMS, ids=[form[0] for form in CLOSED_FORMS])
@pytest.mark.parametrize("x", [-1.3, 0.0, 0.4])
def test_the_curvature_of_a_closed_form_is_within_its_error_bar(
    name: str, function: Scalar, slope: Scalar, second: Scalar, x: float
) -> None:
    found = bend(function, x)
    assert abs(found.value - second(x)) <= found.error
    assert found.error <= 1e-5 * max(abs(function(x)), abs(second(x)), 1.0)


@settings(max_examples=50)
@given(st.lists(st.floats(-2, 2).map(lambda x: round(x, 6)), min_size=2, max_size=4), st.integers(0, 10**6))
def test_along_a_direction_it_is_the_gradient_times_the_direction(point: list[float], seed: int) -> None:
    draws = np.random.default_rng(seed)
    size = len(point)
    matrix, direction = draws.standard_normal((size, size)), draws.uniform(-1, 1, size)

    def function(x: np.ndarray) -> float:
        return float(x @ matrix @ x + np.sin(x).sum())

    x = np.asarray(point)
    gradient = (matrix + matrix.T) @ x + np.cos(x)
    hessian = matrix + matrix.T - np.diag(np.sin(x))
    first, second = derivative(function, x, direction), curvature(function, x, direction)
    assert abs(first.value - gradient @ direction) <= first.error + 1e-14
    assert abs(second.value - direction @ hessian @ direction) <= second.error + 1e-13


@given(st.floats(0.1, 4), st.floats(-2, 2))
def test_a_longer_direction_makes_the_slope_longer(length: float, x: float) -> None:
    one = derivative(lambda p: np.sin(p[0]), [x], [1.0])
    other = derivative(lambda p: np.sin(p[0]), [x], [length])
    assert abs(other.value - length * one.value) <= other.error + length * one.error


def test_points_and_outputs_keep_their_shapes() -> None:
    point = np.array([[0.1, 0.2], [0.3, 0.4]])
    direction = np.array([[1.0, 0.0], [0.0, -1.0]])
    found = derivative(lambda p: p**3, point, direction)
    assert found.value.shape == (2, 2)
    np.testing.assert_allclose(found.value, 3 * point**2 * direction, atol=1e-10)


def test_it_unpacks_into_value_error_and_smooth() -> None:
    found = along(math.sin, 0.3)
    value, error, smooth = found
    assert (value, error, smooth) == (found.value, found.error, found.smooth)


def test_the_function_is_called_once_at_each_point_and_the_calls_are_counted() -> None:
    seen: list[float] = []

    def function(t: float) -> float:
        seen.append(t)
        return math.sin(t)

    found = along(function, 0.7)
    assert len(seen) == len(set(seen)) == found.evaluations
    assert found.evaluations <= 2 * len(STEPS) + 10


def test_an_easy_function_costs_less_than_a_hard_one() -> None:
    easy = along(lambda t: 2 * t, 0.3)
    hard = along(lambda t: 1 / (1 + (100 * (t - 0.31)) ** 2), 0.3)
    assert easy.evaluations < hard.evaluations


# --- noise ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_noise_that_is_announced_is_in_the_error_bar(seed: int) -> None:
    draws = np.random.default_rng(seed)
    found = along(lambda t: math.sin(t) + draws.uniform(-1e-7, 1e-7), 0.4, noise=1e-7)
    assert abs(found.value - math.cos(0.4)) <= found.error
    assert 1e-9 < found.error < 1e-3


def test_more_noise_is_a_wider_error_bar() -> None:
    bars = [float(along(math.sin, 0.4, noise=noise).error) for noise in (0.0, 1e-10, 1e-7, 1e-4)]
    assert bars == sorted(bars)
    assert bars[0] < bars[1] < bars[3]


def test_noise_larger_than_the_function_leaves_no_slope() -> None:
    draws = np.random.default_rng(1)
    assert not along(lambda t: 1e-3 * t + draws.uniform(-1, 1), 0.0, noise=1.0).smooth


@pytest.mark.parametrize("digits", [3, 4, 5, 6])
@given(x=st.floats(-1.5, 1.5))
@settings(max_examples=50, deadline=None)
def test_numbers_rounded_to_so_many_digits_have_the_slope_of_what_was_rounded(digits: int, x: float) -> None:
    found = along(lambda t: round(math.sin(t), digits), x)
    assert abs(found.value - math.cos(x)) <= found.error
    assert found.error < 400 * 10**-digits


def test_a_function_that_is_level_here_alone_has_a_slope_of_zero() -> None:
    found = along(lambda t: max(math.sin(t), 0.2), 0.1)
    assert found.smooth
    assert float(found.value) == 0.0
    assert float(found.error) < 1e-9


def test_steps_of_the_callers_own_are_taken() -> None:
    seen: list[float] = []

    def function(t: float) -> float:
        seen.append(abs(t))
        return math.sin(t)

    steps = tuple(0.01 / 2**k for k in range(8))
    found = along(function, 0.0, steps=steps)
    assert max(seen) == 0.01
    assert abs(found.value - 1) <= found.error


# --- kinks, jumps and edges -------------------------------------------------------------------------------------------


KINKS: list[tuple[str, Scalar]] = [
    ("an absolute value", abs),
    ("a clipped line", lambda t: min(max(t, -1.0), 0.0)),
    ("a sum of kink and curve", lambda t: abs(t) + math.sin(t)),
    ("a faint kink", lambda t: 1e-2 * abs(t) + math.cos(t)),
    ("a jump", lambda t: float(t > 0)),
    ("a cube root", lambda t: math.copysign(abs(t) ** (1 / 3), t)),
    ("a square root on both sides", lambda t: math.sqrt(abs(t))),
]


@pytest.mark.parametrize(("name", "function"), KINKS, ids=[kink[0] for kink in KINKS])
def test_at_a_kink_there_is_no_slope(name: str, function: Scalar) -> None:
    assert not along(function, 0.0).smooth


@pytest.mark.parametrize(("name", "function"), KINKS, ids=[kink[0] for kink in KINKS])
def test_beside_a_kink_there_is_one(name: str, function: Scalar) -> None:
    found = along(function, 0.9)
    exact = (function(0.9 + 1e-5) - function(0.9 - 1e-5)) / 2e-5
    assert found.smooth
    assert abs(found.value - exact) <= found.error + 1e-6


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_at_an_edge_of_the_domain_the_inner_side_decides(side: float) -> None:
    def function(t: float) -> float:
        if side * t < 0:
            raise ValueError("outside")
        return math.exp(2 * t)

    found = along(function, 0.0)
    assert found.smooth
    assert abs(found.value - 2) <= found.error
    assert found.error < 1e-7


def test_a_domain_that_ends_a_little_further_on_is_no_obstacle() -> None:
    found = along(lambda t: math.sqrt(1 - t * t), 0.9)
    assert abs(found.value + 0.9 / math.sqrt(1 - 0.81)) <= found.error
    assert found.error < 1e-7


def test_a_function_that_is_nowhere_a_number_has_no_slope() -> None:
    found = along(lambda t: math.nan, 0.0)
    assert math.isnan(found.value)
    assert found.error == math.inf
    assert not found.smooth


def test_an_exception_that_is_no_matter_of_numbers_is_not_swallowed() -> None:
    def function(t: float) -> float:
        raise LookupError("a mistake of ours")

    with pytest.raises(LookupError):
        along(function, 0.0)


def test_an_output_that_is_no_number_leaves_the_others_theirs() -> None:
    found = derivative(lambda p: np.array([np.sin(p[0]), np.nan]), [0.3], [1.0])
    assert abs(found.value[0] - math.cos(0.3)) <= found.error[0] <= 1e-9
    assert math.isnan(found.value[1])
    assert not found.smooth


def test_a_point_without_a_value_has_no_slope_even_between_good_neighbours() -> None:
    assert not along(lambda t: math.nan if t == 0 else t, 0.0).smooth


def test_where_the_function_is_infinite_its_domain_ends() -> None:
    found = along(lambda t: math.inf if t < 0 else math.exp(t), 0.0)
    assert found.smooth
    assert abs(found.value - 1) <= found.error


def test_a_kink_in_one_output_is_a_kink() -> None:
    assert not derivative(lambda p: np.array([np.sin(p[0]), abs(p[0])]), [0.0], [1.0]).smooth


@pytest.mark.parametrize("function", [abs, lambda t: t * abs(t)])
def test_a_function_whose_slope_jumps_has_no_second_derivative(function: Scalar) -> None:
    found = bend(function, 0.0)
    assert not found.smooth or abs(found.value) <= found.error
