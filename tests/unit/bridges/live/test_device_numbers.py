"""What is seen of a device by its numbers alone, played by functions that should be the cosine."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np
import pytest

from qdiag.model.measured import Measured

pytest.importorskip("pennylane")

from qdiag.bridges.live.device_numbers import ANGLES, AT_FIRST, MIDDLES, REPEATS, look_at


class Sampling:
    """Draws so many samples, anew each time or from one seed."""

    def __init__(self, samples: int, seed: Optional[int] = None, noise: float = 0.0) -> None:
        self.samples, self.seed, self.noise = samples, seed, noise
        self.draws = np.random.default_rng(1)

    def __call__(self, angle: float) -> float:
        draws = self.draws if self.seed is None else np.random.default_rng(self.seed)
        ones = draws.binomial(self.samples, (1 - math.cos(angle)) / 2)
        return float(1 - 2 * ones / self.samples) * (1 - self.noise)


def granular(angle: float) -> float:
    return float(np.float32(math.cos(angle / 2)) ** 2 - np.float32(math.sin(angle / 2)) ** 2)


def test_an_exact_device_is_double_precision() -> None:
    assert look_at(math.cos) == Measured("complex128")


def test_an_exact_device_is_asked_a_few_times_only() -> None:
    asked: list[float] = []

    def cosine(angle: float) -> float:
        asked.append(angle)
        return math.cos(angle)

    look_at(cosine)
    assert len(asked) == REPEATS + AT_FIRST


def test_one_that_is_exact_where_it_is_asked_first_alone_is_looked_at_further() -> None:
    hidden = {*ANGLES[: AT_FIRST - 1], *MIDDLES}
    assert look_at(lambda angle: math.cos(angle) if angle in hidden else granular(angle)) == Measured("complex64")


def test_one_that_is_off_by_a_smooth_rounding_error_is_double_precision_as_well() -> None:
    assert look_at(lambda angle: math.cos(angle) + 1e-7) == Measured("complex128")


def test_one_that_rounds_is_single_precision_also_where_it_does_not_repeat() -> None:
    draws = np.random.default_rng(2)
    assert look_at(granular) == Measured("complex64")
    assert look_at(lambda angle: granular(angle) + 3e-8 * draws.standard_normal()) == Measured("complex64", changing=True)


def test_samples_are_counted_where_each_answer_is_another() -> None:
    assert look_at(Sampling(1000)) == Measured("", 1000, changing=True)


def test_samples_are_counted_where_a_seed_hides_that_they_are_drawn() -> None:
    assert look_at(Sampling(1000, seed=7)) == Measured("", 1000)


def test_samples_that_are_no_fractions_are_estimated_where_one_outcome_alone_does_not_scatter() -> None:
    draws = np.random.default_rng(4)
    found = look_at(lambda angle: math.cos(angle) + math.sin(angle) * draws.standard_normal() / math.sqrt(1000) if angle else 1.0)
    assert found is not None
    assert found.changing
    assert 200 < found.samples < 5000


def test_noise_is_no_sampling() -> None:
    draws = np.random.default_rng(4)
    assert look_at(lambda angle: math.cos(angle) + 0.01 * draws.standard_normal()) == Measured(changing=True)


def test_a_device_without_rotations_is_not_known() -> None:
    assert look_at(lambda angle: math.nan) is None
