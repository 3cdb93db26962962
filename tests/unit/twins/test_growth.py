"""How a gap grows is read back from gaps whose growth is known, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.twins.growth import LEAST_STEPS, growth
from tests.worlds.trainings import STEPS, growing, noise


@pytest.mark.parametrize("factor", [1.1, 1.27, 1.6])
def test_growth_is_read_back_from_a_noisy_gap(factor: float) -> None:
    found = growth(growing(1e-7, factor))
    assert found is not None
    assert found.factor == pytest.approx(factor, rel=0.02)
    assert found.low < factor < found.high or found.factor == pytest.approx(factor, rel=0.01)


def test_growth_starts_where_a_flat_gap_ends() -> None:
    flat = np.full(40, 2e-6) * noise(1)[:40]
    found = growth(np.concatenate([flat, growing(2e-6, 1.3, seed=2)]))
    assert found is not None
    assert 35 <= found.start <= 48
    assert found.factor == pytest.approx(1.3, rel=0.03)


def test_a_gap_that_stays_has_no_growth() -> None:
    assert growth(1e-7 * noise(3)) is None
    assert growth(np.zeros(STEPS)) is None


def test_a_jump_has_no_growth() -> None:
    assert growth(np.concatenate([np.full(60, 1e-8), np.full(60, 1.0)])) is None


def clean(start: float, factor: float, top: float = 1.0, steps: int = STEPS) -> np.ndarray:
    gap: np.ndarray = np.minimum(start * factor ** np.arange(steps), top)
    return gap


@settings(max_examples=10)
@given(st.floats(1.15, 1.8), st.floats(-9, -6))
def test_a_gap_without_noise_gives_its_factor_whatever_its_start(factor: float, exponent: float) -> None:
    found = growth(clean(10**exponent, factor))
    assert found is not None
    assert found.factor == pytest.approx(factor, rel=1e-3)


@settings(max_examples=6)
@given(st.floats(1e-3, 1e3), st.integers(0, 20))
def test_the_unit_of_the_gap_does_not_matter(unit: float, seed: int) -> None:
    gap = growing(1e-7, 1.3, seed)
    one, other = growth(gap), growth(gap * unit)
    assert one is not None
    assert other is not None
    assert other.factor == pytest.approx(one.factor, rel=1e-6)
    assert (other.start, other.end) == (one.start, one.end)


@settings(max_examples=6)
@given(st.integers(0, 50), st.floats(1.15, 1.6))
def test_what_is_said_hangs_together(seed: int, factor: float) -> None:
    found = growth(growing(1e-7, factor, seed))
    assert found is not None
    assert 1 < found.low <= found.factor <= found.high
    assert 0 <= found.start < found.end < STEPS
    assert found.end - found.start + 1 >= LEAST_STEPS


def test_it_ends_before_the_gap_saturates() -> None:
    found = growth(clean(1e-7, 1.3))
    assert found is not None
    # a hundredth of the largest gap, which the clean one reaches after log(1e5) / log(1.3) steps
    assert found.end <= np.ceil(np.log(1e5) / np.log(1.3)) + 1


@pytest.mark.parametrize("hole", [np.nan, 0.0, np.inf])
def test_steps_that_were_not_seen_or_cannot_be_counted_are_passed_over(hole: float) -> None:
    gap = clean(1e-7, 1.3)
    gap[[3, 11, 20]] = hole
    found = growth(gap)
    assert found is not None
    assert found.factor == pytest.approx(1.3, rel=1e-3)


@pytest.mark.parametrize(
    "gap",
    [
        np.zeros(0),
        np.full(50, np.nan),
        clean(1e-3, 1.5, steps=LEAST_STEPS - 1),
        clean(1e-7, 1 / 1.3),
        clean(1e-3, 1.3, top=5e-2),
        np.where(np.arange(60) < 57, 1e-8, 1.0),
        1e-7 * noise(3),
    ],
    ids=["empty", "unseen", "few steps", "shrinks", "grows too little", "jumps at the end", "noise"],
)
def test_anything_else_has_none(gap: np.ndarray) -> None:
    assert growth(gap) is None


def test_the_same_gap_gives_the_same_answer() -> None:
    gap = growing(1e-7, 1.27, 5)
    assert growth(gap) == growth(gap.copy())
