"""States and their tangents, against differences of the plain evolution: every kind of step, every kind of measurement."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Union

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.node import MeasuredOutcome
from qdiag.model.numerics.derivative import derivative
from qdiag.model.numerics.measurements import read
from qdiag.model.numerics.reading_slopes import read_slopes
from qdiag.model.numerics.states import Channel, Conditioned, Factor, Measured, NotSimulated, Preparation, Reading, Step, evolve
from qdiag.model.numerics.tangents import Moving, arrays_of, evolve_tangents, skeleton_of, with_arrays
from tests.worlds.dense import random_density, random_hermitian, random_state, random_unitary

WIRES = ("a", "b", "c")
SEEDS = st.integers(0, 10**6)
OUTCOME = MeasuredOutcome((0,), (False, True))

Law = Callable[[float], Step]


def turning(size: int, draws: np.random.Generator) -> Callable[[float], np.ndarray]:
    start, axes, rates = random_unitary(size, draws), random_unitary(size, draws), draws.uniform(-1, 1, size)
    return lambda s: np.asarray((axes * np.exp(1j * s * rates)) @ start)


def gate(draws: np.random.Generator, *wires: str) -> Law:
    turn = turning(1 << len(wires), draws)
    return lambda s: Factor(turn(s), wires)


def amplitudes(draws: np.random.Generator) -> Law:
    start, turn = random_state(4, draws), turning(4, draws)
    return lambda s: Preparation(turn(s) @ start, ("b", "a"))


def density(draws: np.random.Generator) -> Law:
    start, turn = random_density(4, draws), turning(4, draws)
    return lambda s: Preparation(turn(s) @ start @ turn(s).conj().T, ("b", "a"))


def damping(draws: np.random.Generator) -> Law:
    share = float(draws.uniform(0.2, 0.7))

    def at(s: float) -> Step:
        keep, down = np.diag([1, math.sqrt(1 - share - s)]), np.array([[0, 1], [0, 0]])
        return Channel((1.0, share + s), (keep.astype(complex), down.astype(complex)), ("b",))

    return at


def always(step: Step) -> Law:
    return lambda s: step


def conditioned(law: Law) -> Law:
    return lambda s: Conditioned(OUTCOME, (law(s),))


def moving_along(law: Law, *directions: int) -> Union[Step, Moving]:
    """A step at its point, and how it moves along these directions, all alike."""
    step = law(0.0)
    return Moving(step, dict.fromkeys(directions, slope_of(law))) if arrays_of(step) else step


def slope_of(law: Law) -> Step:
    """The derivative of a step, by differences of its arrays."""
    base = arrays_of(law(0.0))

    def numbers(row: np.ndarray) -> np.ndarray:
        return np.concatenate([np.asarray(a, complex).reshape(-1) for a in arrays_of(law(float(row[0])))]).view(np.float64)

    value = derivative(numbers, np.zeros(1), np.ones(1)).value.view(np.complex128)
    cuts = np.cumsum([array.size for array in base])[:-1]
    return with_arrays(law(0.0), [part.reshape(a.shape) for part, a in zip(np.split(value, cuts), base)])


CIRCUITS: dict[str, Callable[[np.random.Generator], list[Law]]] = {
    "gates": lambda d: [gate(d, "a", "b"), gate(d, "c"), gate(d, "c", "a"), gate(d, "b")],
    "amplitudes": lambda d: [amplitudes(d), gate(d, "c"), gate(d, "c", "a")],
    "amplitudes in noise": lambda d: [amplitudes(d), gate(d, "c", "a"), damping(d)],
    "a density matrix": lambda d: [density(d), gate(d, "c", "a"), gate(d, "b")],
    "a channel": lambda d: [gate(d, "a", "b"), damping(d), gate(d, "b", "c"), damping(d)],
    "a measurement": lambda d: [gate(d, "a", "b"), always(Measured("a")), conditioned(gate(d, "c")), gate(d, "a", "c")],
    "a reset": lambda d: [gate(d, "a", "b"), always(Measured("a", reset=True)), gate(d, "a", "c")],
    "a measurement in noise": lambda d: [gate(d, "a", "b"), damping(d), always(Measured("a")), conditioned(damping(d))],
    "postselection": lambda d: [gate(d, "a", "b"), always(Measured("a", postselect=1)), gate(d, "b", "c")],
    "postselection in noise": lambda d: [gate(d, "a", "b"), damping(d), always(Measured("a", postselect=0)), gate(d, "a", "c")],
    "a projector": lambda d: [gate(d, "a", "b"), always(Factor(np.diag([1.0 + 0j, 0]), ("b",), selects=True)), gate(d, "b", "c")],
}

OBSERVABLE = (
    (0.7, (Factor(random_hermitian(2, np.random.default_rng(1)), ("b",)),)),
    (-1.2, (Factor(random_hermitian(4, np.random.default_rng(2)), ("c", "a")),)),
)
BASIS = (Factor(random_unitary(2, np.random.default_rng(3)), ("a",)),)
READINGS = {
    "an expectation value": Reading("expval", terms=OBSERVABLE),
    "a variance": Reading("var", terms=OBSERVABLE),
    "probabilities": Reading("probs", wires=("c", "a")),
    "probabilities in another basis": Reading("probs", wires=("a",), basis=BASIS),
    "the state": Reading("state"),
    "a reduced state": Reading("density", wires=("b", "c")),
    "a purity": Reading("purity", wires=("b",)),
    "an entropy": Reading("entropy", wires=("b",), log_base=2.0),
    "mutual information": Reading("mutual-info", wires=("b",), others=("c",)),
    "an outcome": Reading("expval", outcomes=(MeasuredOutcome((0,), (-2, 5)),)),
    "the variance of an outcome": Reading("var", outcomes=(MeasuredOutcome((0,), (-2, 5)),)),
    "probabilities of an outcome": Reading("probs", outcomes=(MeasuredOutcome((0,), (0, 1)),)),
}
MEASURED = {name for name in CIRCUITS if "measurement" in name}


def is_read(circuit: str, reading: str) -> bool:
    if "outcome" in reading:
        return circuit in MEASURED
    return reading != "the state" or circuit not in (*MEASURED, "a reset")


PAIRS = [(c, r) for c in CIRCUITS for r in READINGS if is_read(c, r)]


def plain_slope(laws: list[Law], reading: Reading) -> np.ndarray:
    """The derivative where all move together, by differences of the whole."""

    def numbers(row: np.ndarray) -> np.ndarray:
        value = read(evolve([law(float(row[0])) for law in laws], WIRES), reading)
        return np.asarray(value, complex).reshape(-1).view(np.float64)

    return np.asarray(derivative(numbers, np.zeros(1), np.ones(1), noise=1e-15).value.view(np.complex128))


@pytest.mark.parametrize(("circuit", "measured"), PAIRS)
@settings(max_examples=2, deadline=None)
@given(seed=SEEDS)
def test_slopes_are_those_of_differences(circuit: str, measured: str, seed: int) -> None:
    laws, reading = CIRCUITS[circuit](np.random.default_rng(seed)), READINGS[measured]
    moving: list[Union[Step, Moving]] = [moving_along(law, 0) for law in laws]
    found = read_slopes(evolve_tangents(moving, WIRES, 1), reading, {})
    if found is None:
        assert "entropy" in measured or "information" in measured
        return
    expected = plain_slope(laws, reading)
    scale = 1 + np.max(np.abs(expected))
    np.testing.assert_allclose(found[0][0].reshape(-1), expected, atol=1e-7 * scale * min(found[1], 100))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_directions_do_not_touch_each_other(seed: int) -> None:
    """Each alone gives what it gives among others, and all together the sum."""
    laws = CIRCUITS["a channel"](np.random.default_rng(seed))
    count = len(laws)
    apart = [moving_along(law, k) for k, law in enumerate(laws)]
    together = [moving_along(law, 0) for law in laws]
    reading = READINGS["probabilities"]
    each, all_at_once = (
        read_slopes(evolve_tangents(moving, WIRES, n), reading, {}) for moving, n in ((apart, count), (together, 1))
    )
    assert each is not None
    assert all_at_once is not None
    np.testing.assert_allclose(each[0].sum(axis=0), all_at_once[0][0], atol=1e-12)
    for k in range(count):
        alone = [moving_along(law, 0) if i == k else law(0.0) for i, law in enumerate(laws)]
        one = read_slopes(evolve_tangents(alone, WIRES, 1), reading, {})
        assert one is not None
        np.testing.assert_allclose(each[0][k], one[0][0], atol=1e-13)


@pytest.mark.parametrize("circuit", ["gates", "a channel"])
@pytest.mark.parametrize("measured", ["an expectation value", "a variance"])
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_a_moving_observable_moves_what_is_read(circuit: str, measured: str, seed: int) -> None:
    draws = np.random.default_rng(seed)
    laws, reading = CIRCUITS[circuit](draws), READINGS[measured]
    shift = ((0.4, (Factor(random_hermitian(2, draws), ("a",)),)),)

    def numbers(row: np.ndarray) -> np.ndarray:
        s = float(row[0])
        moved = Reading(reading.kind, terms=(*reading.terms, *((s * c, factors) for c, factors in shift)))
        return np.asarray(read(evolve([law(s) for law in laws], WIRES), moved)).real.reshape(-1)

    expected = derivative(numbers, np.zeros(1), np.ones(1), noise=1e-15).value
    moving: list[Union[Step, Moving]] = [moving_along(law, 0) for law in laws]
    found = read_slopes(evolve_tangents(moving, WIRES, 1), reading, {0: shift})
    assert found is not None
    np.testing.assert_allclose(found[0].real, expected, atol=1e-7)


def test_an_entropy_of_a_pure_state_is_left_to_others() -> None:
    moving: list[Union[Step, Moving]] = [gate(np.random.default_rng(0), "a")(0.0)]
    assert read_slopes(evolve_tangents(moving, WIRES, 1), READINGS["an entropy"], {}) is None


def test_a_measurement_under_a_condition_is_refused() -> None:
    with pytest.raises(NotSimulated, match="inside a conditional"):
        evolve_tangents([Measured("a"), Conditioned(MeasuredOutcome((0,), (True, True)), (Measured("b"),))], WIRES, 1)


@pytest.mark.parametrize(
    "step", [law(0.0) for make in CIRCUITS.values() for law in make(np.random.default_rng(5))], ids=lambda step: type(step).__name__
)
def test_a_step_holds_what_it_is_given_and_stays_what_it_is(step: Step) -> None:
    doubled = with_arrays(step, [2 * array for array in arrays_of(step)])
    assert skeleton_of(doubled) == skeleton_of(step)
    for one, two in zip(arrays_of(step), arrays_of(doubled)):
        np.testing.assert_array_equal(2 * one, two)
