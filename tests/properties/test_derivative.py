"""The error bar of a numerical derivative holds, and kinks are told from curvature."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qdiag.model.numerics.derivative import curvature, derivative

numbers = st.floats(-3, 3, allow_nan=False).map(lambda x: round(x, 6))


def at(function, x):
    return derivative(lambda point: function(point[0]), [x], [1.0])


@given(x=numbers, terms=st.lists(st.tuples(numbers, st.integers(0, 12), numbers), min_size=1, max_size=8))
def test_the_error_bar_holds_for_trigonometric_polynomials(x, terms):
    def function(t):
        return sum(a * math.cos(w * t + b) for a, w, b in terms)

    exact = -sum(a * w * math.sin(w * x + b) for a, w, b in terms)
    found = at(function, x)
    assert abs(found.value - exact) <= found.error + 1e-15
    assert found.error <= 1e-9 * (1 + sum(abs(a) for a, _, _ in terms))
    assert found.smooth


@given(x=numbers, centre=numbers, width=st.floats(0.01, 10))
@example(x=0.0, centre=0.01, width=0.01)
def test_the_error_bar_holds_beside_a_narrow_peak(x, centre, width):
    u = (x - centre) / width
    found = at(lambda t: 1 / (1 + ((t - centre) / width) ** 2), x)
    assert abs(found.value - (-2 * u / width / (1 + u * u) ** 2)) <= found.error


@settings(max_examples=40)
@given(x=numbers, a=numbers, b=numbers)
def test_the_error_bar_holds_against_high_precision(x, a, b):
    def function(t, library):
        return library.sin(a * t) / library.sqrt(library.sin(a * t) ** 2 + library.cos(b * t) ** 2 + 0.1)

    with mpmath.workdps(40):
        exact = float(mpmath.diff(lambda t: function(t, mpmath), mpmath.mpf(x)))
    found = at(lambda t: function(t, math), x)
    assert abs(found.value - exact) <= found.error


@given(d=st.floats(-8, 0).map(lambda e: 10**e))
@example(d=9.3e-6)
@example(d=1.9e-5)
def test_a_kink_near_by_is_either_seen_or_kept_out_of_the_value(d):
    found = at(lambda t: abs(t - d) + math.sin(t), 0.0)
    assert not found.smooth or abs(found.value) <= found.error


def test_the_error_bar_holds_in_2000_seeded_cases():
    generator = np.random.default_rng(0)
    misses = 0
    for _ in range(2000):
        a, b, c, x = generator.uniform(-3, 3, 4)
        found = at(lambda t, a=a, b=b, c=c: c * math.exp(a * math.sin(b * t)), x)
        exact = c * math.exp(a * math.sin(b * x)) * a * b * math.cos(b * x)
        misses += not abs(found.value - exact) <= found.error + 2e-16 * abs(exact)
    assert misses <= 2


@pytest.mark.parametrize("function", [abs, lambda t: max(t, 0.0), lambda t: abs(math.sin(t)), lambda t: math.copysign(1.0, t)])
def test_a_kink_or_a_jump_is_not_smooth(function):
    assert not at(function, 0.0).smooth


@pytest.mark.parametrize("function", [math.sin, lambda t: t * abs(t), lambda t: 1e3 + 1e-3 * math.cos(50 * t), lambda t: 0.0])
def test_a_function_with_a_slope_is_smooth(function):
    assert at(function, 0.0).smooth


def test_at_the_edge_of_the_domain_the_side_that_exists_decides():
    found = at(lambda t: math.sin(t) if t >= 0 else math.nan, 0.0)
    assert found.smooth
    assert abs(found.value - 1) <= found.error <= 1e-9


def test_an_exception_outside_the_domain_counts_as_no_value():
    assert abs(at(math.log, 0.1).value - 10) <= at(math.log, 0.1).error


def test_an_infinite_slope_is_not_smooth():
    assert not at(lambda t: math.sqrt(t), 0.0).smooth


def test_several_outputs_have_an_error_bar_each():
    value, error, smooth = derivative(lambda p: np.array([p[0] * p[1], 1e6 * np.sin(p[0])]), [2.0, 3.0], [1.0, -1.0])
    assert np.all(np.abs(value - [1.0, 1e6 * math.cos(2.0)]) <= error)
    assert smooth


@given(x=numbers, terms=st.lists(st.tuples(numbers, st.integers(0, 8), numbers), min_size=1, max_size=6))
def test_the_error_bar_of_a_second_derivative_holds(x, terms):
    found = curvature(lambda p: sum(a * math.cos(w * p[0] + b) for a, w, b in terms), [x], [1.0])
    exact = -sum(a * w * w * math.cos(w * x + b) for a, w, b in terms)
    assert abs(found.value - exact) <= found.error + 1e-15
    assert found.error <= 1e-7 * (1 + sum(abs(a) for a, _, _ in terms))


def test_a_kink_has_no_second_derivative():
    assert not curvature(lambda p: abs(p[0]), [0.0], [1.0]).smooth
