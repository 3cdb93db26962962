"""What the granularity of numbers tells: the precision that they were worked out in, and of how many samples they are averages."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.numerics.granularity import MOST_SAMPLES, neighbours, precision_of, roughness, samples_by_scatter, samples_of

ANGLES = (0.3, 0.4, 0.6, 0.8, 0.9, 1.1, 1.3, 1.4, 1.7, 2.2, 2.5, 2.6)
COSINES = [math.cos(angle) for angle in ANGLES]


def in_single_precision(angle: float) -> float:
    half = np.float32(angle / 2)
    return float(np.cos(half) ** 2 - np.sin(half) ** 2)


def told(function: Callable[[float], float], middle: float = 0.7) -> str:
    points = neighbours(middle, 12)
    return precision_of(roughness(points, np.array([function(float(point)) for point in points])))


@given(st.floats(0.2, 3.0))
def test_rounding_to_single_precision_shows_between_neighbouring_points(middle: float) -> None:
    assert told(in_single_precision, middle) == "complex64"


@pytest.mark.parametrize(
    "function",
    [
        math.cos,
        lambda angle: math.cos(angle) + 1e-7,
        lambda angle: math.cos(angle) * (1 + 1e-7),
        lambda angle: math.cos(angle + 3e-8),
        lambda angle: math.cos(1.5 * angle) - 0.3,
        lambda angle: 0.0,
    ],
    ids=["right", "shifted", "scaled", "at another angle", "quite wrong", "nothing"],
)
def test_what_is_smooth_is_double_precision_however_wrong_it_is(function: Callable[[float], float]) -> None:
    assert told(function) == "complex128"


@pytest.mark.parametrize("size", [1e-10, 1e-4])
def test_noise_of_another_size_tells_of_no_precision(size: float) -> None:
    draws = np.random.default_rng(3)
    assert told(lambda angle: math.cos(angle) + size * draws.standard_normal()) == ""


def sampled(samples: int, seed: int) -> list[float]:
    draws = np.random.default_rng(seed)
    return [1 - 2 * draws.binomial(samples, (1 - cosine) / 2) / samples for cosine in COSINES]


@given(st.sampled_from([100, 1000, 1024, 4096, 20_000]), st.integers(0, 1000))
def test_averages_of_samples_are_fractions_of_their_number(samples: int, seed: int) -> None:
    found = samples_of(sampled(samples, seed), COSINES)
    # by chance all of them are fractions of a part of it
    assert found >= samples / 16
    assert samples % found == 0


def test_exact_values_are_averages_of_nothing() -> None:
    assert samples_of(COSINES, COSINES) == 0


@pytest.mark.parametrize("function", [lambda cosine: 0.0, lambda cosine: 0.5, lambda cosine: -round(cosine, 3), in_single_precision])
def test_simple_numbers_that_are_no_averages_of_samples_are_not_taken_for_them(function: Callable[[float], float]) -> None:
    assert samples_of([function(cosine) for cosine in COSINES], COSINES) == 0


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_numbers_rounded_to_so_many_digits_are_not_taken_for_averages_either(digits: int) -> None:
    assert samples_of([round(cosine, digits) for cosine in COSINES], COSINES) == 0


def test_how_many_samples_scatter_as_much_is_estimated() -> None:
    assert 200 < samples_by_scatter(sampled(1000, 5), COSINES) < 5000
    assert samples_by_scatter(COSINES, COSINES) == 0
    assert samples_by_scatter([1.0], [0.0]) < MOST_SAMPLES
