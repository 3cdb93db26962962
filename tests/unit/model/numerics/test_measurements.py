"""What a measurement reads, held against the formulas of a textbook on dense matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.node import MeasuredOutcome
from qdiag.model.numerics import gates
from qdiag.model.numerics.measurements import defect, dense, density_matrix, read
from qdiag.model.numerics.states import (
    Channel,
    Conditioned,
    Factor,
    Final,
    Measured,
    NothingSelected,
    NotSimulated,
    Preparation,
    Reading,
    Step,
    Term,
    evolve,
)
from tests.worlds.dense import entropy, on_all, random_density, random_hermitian, random_state, random_unitary, reduced

WIRES = ("a", "b", "c")
SEEDS = st.integers(0, 10**6)
SUBSETS = st.permutations(range(3)).flatmap(lambda order: st.integers(1, 3).map(lambda count: tuple(order[:count])))


def named(positions: Sequence[int]) -> tuple[str, ...]:
    return tuple(WIRES[p] for p in positions)


def pure(seed: int) -> tuple[Final, np.ndarray]:
    """A random state of three wires, and its density matrix."""
    state = random_state(8, np.random.default_rng(seed))
    return evolve([Preparation(state, WIRES)], WIRES), np.outer(state, state.conj())


def mixed(seed: int) -> tuple[Final, np.ndarray]:
    rho = random_density(8, np.random.default_rng(seed))
    return evolve([Preparation(rho, WIRES)], WIRES), rho


MADE = st.sampled_from([pure, mixed])


def terms_of(seed: int) -> tuple[tuple[Term, ...], np.ndarray]:
    """A random sum of products, and its matrix."""
    draws = np.random.default_rng(seed)
    one, two, swap = random_hermitian(2, draws), random_hermitian(4, draws), random_hermitian(2, draws)
    terms: tuple[Term, ...] = (
        (0.7, (Factor(one, ("b",)),)),
        (-1.3, (Factor(two, ("c", "a")),)),
        (0.2, (Factor(one, ("a",)), Factor(swap, ("b",)))),
    )
    matrix = 0.7 * on_all(one, [1], 3) - 1.3 * on_all(two, [2, 0], 3) + 0.2 * on_all(swap, [1], 3) @ on_all(one, [0], 3)
    return terms, matrix


@settings(max_examples=40)
@given(MADE, SEEDS)
def test_an_expectation_value_is_the_trace_with_the_state_and_a_variance_the_mean_square_less_the_squared_mean(
    made: Any, seed: int
) -> None:
    final, rho = made(seed)
    terms, matrix = terms_of(seed)
    mean = np.trace(rho @ matrix).real
    assert read(final, Reading("expval", terms)) == pytest.approx(mean, abs=1e-12)
    assert read(final, Reading("var", terms)) == pytest.approx(np.trace(rho @ matrix @ matrix).real - mean**2, abs=1e-11)


def test_an_expectation_value_that_is_not_real_is_not_made_real() -> None:
    final = evolve([], ("a",))
    value = read(final, Reading("expval", ((1j, (Factor(gates.Z, ("a",)),)),)))
    assert value == pytest.approx(1j)


def test_products_act_from_the_first_factor_on() -> None:
    # Z X |0> = Z|1> = -|1>, so the mean in |+> tells ZX from XZ
    plus = [Factor(gates.rotation("X", -math.pi / 2), ("a",))]
    value = read(evolve(plus, ("a",)), Reading("expval", ((1.0, (Factor(gates.X, ("a",)), Factor(gates.Z, ("a",)))),)))
    # ZX = iY and the state is the +1 eigenstate of Y
    assert value == pytest.approx(1j)


@settings(max_examples=40)
@given(MADE, SEEDS, SUBSETS)
def test_probabilities_are_the_diagonal_of_the_reduced_state_in_the_order_asked_for(
    made: Any, seed: int, positions: tuple[int, ...]
) -> None:
    final, rho = made(seed)
    found = read(final, Reading("probs", wires=named(positions)))
    np.testing.assert_allclose(found, np.diag(reduced(rho, positions, 3)).real, atol=1e-14)
    assert found.sum() == pytest.approx(1)


@settings(max_examples=30)
@given(MADE, SEEDS)
def test_probabilities_in_another_basis_are_those_after_its_rotation(made: Any, seed: int) -> None:
    final, rho = made(seed)
    turn = random_unitary(4, np.random.default_rng(seed + 1))
    whole = on_all(turn, [2, 0], 3)
    expected = np.diag(reduced(whole @ rho @ whole.conj().T, (2, 0), 3)).real
    np.testing.assert_allclose(read(final, Reading("probs", wires=("c", "a"), basis=(Factor(turn, ("c", "a")),))), expected, atol=1e-13)


def test_without_wires_all_are_read_in_the_order_of_the_circuit() -> None:
    final = evolve([Factor(gates.X, ("b",))], WIRES)
    np.testing.assert_array_equal(read(final, Reading("probs")), np.eye(8)[2])


@settings(max_examples=40)
@given(MADE, SEEDS, SUBSETS)
def test_a_reduced_density_matrix_is_a_partial_trace(made: Any, seed: int, positions: tuple[int, ...]) -> None:
    final, rho = made(seed)
    expected = reduced(rho, positions, 3)
    np.testing.assert_allclose(density_matrix(final, named(positions)), expected, atol=1e-14)
    np.testing.assert_allclose(read(final, Reading("density", wires=named(positions))), expected, atol=1e-14)
    assert read(final, Reading("purity", wires=named(positions))) == pytest.approx(np.trace(expected @ expected).real, abs=1e-12)


@settings(max_examples=30)
@given(MADE, SEEDS, SUBSETS, st.sampled_from([math.e, 2.0, 10.0]))
def test_an_entropy_is_von_neumanns_in_its_base(made: Any, seed: int, positions: tuple[int, ...], base: float) -> None:
    final, rho = made(seed)
    expected = entropy(reduced(rho, positions, 3)) / math.log(base)
    assert read(final, Reading("entropy", wires=named(positions), log_base=base)) == pytest.approx(expected, abs=1e-11)


@settings(max_examples=30)
@given(MADE, SEEDS)
def test_mutual_information_is_what_two_parts_have_more_entropy_than_the_whole(made: Any, seed: int) -> None:
    final, rho = made(seed)
    expected = sum(entropy(reduced(rho, part, 3)) for part in ((2,), (0,))) - entropy(reduced(rho, (2, 0), 3))
    found = read(final, Reading("mutual-info", wires=("c",), others=("a",)))
    assert found == pytest.approx(expected, abs=1e-11)
    assert found >= -1e-12


@given(SEEDS)
def test_the_halves_of_a_pure_state_share_their_entropy(seed: int) -> None:
    final, _ = pure(seed)
    one, two = (read(final, Reading("entropy", wires=wires)) for wires in (("a",), ("b", "c")))
    assert one == pytest.approx(two, abs=1e-11)


def test_a_pure_state_has_no_entropy_and_purity_one() -> None:
    final, _ = pure(0)
    assert read(final, Reading("entropy")) == pytest.approx(0, abs=1e-12)
    assert read(final, Reading("purity")) == pytest.approx(1)


@given(SEEDS)
def test_a_state_is_a_vector_where_it_is_pure_and_a_matrix_where_it_is_mixed(seed: int) -> None:
    vector, rho = read(pure(seed)[0], Reading("state")), pure(seed)[1]
    np.testing.assert_allclose(np.outer(vector, vector.conj()), rho, atol=1e-14)
    final, rho = mixed(seed)
    np.testing.assert_allclose(read(final, Reading("state")), rho, atol=1e-14)


# --- mid-circuit measurements -----------------------------------------------------------------------------------------


def outcome(*positions: int, table: Sequence[float]) -> MeasuredOutcome:
    return MeasuredOutcome(positions, tuple(table))


def measured_twice(angles: tuple[float, float]) -> Final:
    steps: list[Step] = [Factor(gates.rotation("Y", angle), (wire,)) for angle, wire in zip(angles, ("a", "b"))]
    return evolve([*steps, Measured("a"), Measured("b")], WIRES)


@given(st.tuples(st.floats(0, 3), st.floats(0, 3)))
def test_what_outcomes_give_on_average_is_the_sum_over_branches(angles: tuple[float, float]) -> None:
    final = measured_twice(angles)
    p, q = (math.sin(angle / 2) ** 2 for angle in angles)
    table = (0.5, -1.0, 2.0, 4.0)
    weights = ((1 - p) * (1 - q), (1 - p) * q, p * (1 - q), p * q)
    both = outcome(0, 1, table=table)
    mean = sum(w * x for w, x in zip(weights, table))
    square = sum(w * x * x for w, x in zip(weights, table))
    assert read(final, Reading("expval", outcomes=(both,))) == pytest.approx(mean, abs=1e-13)
    assert read(final, Reading("var", outcomes=(both,))) == pytest.approx(square - mean**2, abs=1e-12)


@given(st.tuples(st.floats(0, 3), st.floats(0, 3)))
def test_probabilities_of_outcomes_have_the_first_one_as_the_most_significant_bit(angles: tuple[float, float]) -> None:
    final = measured_twice(angles)
    p, q = (math.sin(angle / 2) ** 2 for angle in angles)
    first, second = outcome(0, table=(0, 1)), outcome(1, table=(0, 1))
    expected = np.array([(1 - q) * (1 - p), (1 - q) * p, q * (1 - p), q * p])
    np.testing.assert_allclose(read(final, Reading("probs", outcomes=(second, first))), expected, atol=1e-14)


@pytest.mark.parametrize("kind", ["entropy", "state"])
def test_other_readings_of_outcomes_are_not_simulated(kind: str) -> None:
    with pytest.raises(NotSimulated, match="mid-circuit"):
        read(measured_twice((0.3, 0.4)), Reading(kind, outcomes=(outcome(0, table=(0, 1)),)))


def test_the_mean_of_several_outcomes_at_once_is_not_simulated() -> None:
    several = (outcome(0, table=(0, 1)), outcome(1, table=(0, 1)))
    with pytest.raises(NotSimulated, match="expval of mid-circuit"):
        read(measured_twice((0.3, 0.4)), Reading("expval", outcomes=several))


def test_the_state_after_a_measurement_is_not_pure_and_its_density_matrix_is_read_instead() -> None:
    final = evolve([Factor(gates.HADAMARD, ("a",)), Measured("a")], ("a",))
    with pytest.raises(NotSimulated, match="not pure"):
        read(final, Reading("state"))
    np.testing.assert_allclose(read(final, Reading("density")), np.eye(2) / 2, atol=1e-15)


@given(st.floats(0.1, 3))
def test_after_postselection_everything_is_divided_by_the_weight_that_is_left(angle: float) -> None:
    entangled = [
        Factor(gates.rotation("Y", angle), ("a",)),
        Factor(gates.FIXED["CNOT"], ("a", "b")),
        Factor(gates.rotation("X", 0.4), ("b",)),
    ]
    final = evolve([*entangled, Measured("a", postselect=1)], ("a", "b"))
    one = gates.rotation("X", 0.4) @ np.array([0, 1])
    expected = np.kron([0, 1], one)
    np.testing.assert_allclose(read(final, Reading("probs")), np.abs(expected) ** 2, atol=1e-12)
    state = read(final, Reading("state"))
    assert abs(np.vdot(expected, state)) == pytest.approx(1)
    z_on_b = Reading("expval", ((1.0, (Factor(gates.Z, ("b",)),)),))
    assert read(final, z_on_b) == pytest.approx(np.vdot(one, gates.Z @ one).real)
    variance = Reading("var", z_on_b.terms)
    assert read(final, variance) == pytest.approx(1 - np.vdot(one, gates.Z @ one).real ** 2, abs=1e-12)
    assert read(final, Reading("expval", outcomes=(outcome(0, table=(0, 1)),))) == pytest.approx(1)


def test_what_is_postselected_and_never_happens_is_told_from_what_is_not_simulated() -> None:
    final = evolve([Measured("a", postselect=1)], ("a", "b"))
    with pytest.raises(NothingSelected):
        read(final, Reading("probs"))


def test_without_postselection_what_leaks_out_of_a_state_is_not_hidden() -> None:
    # a matrix that is not unitary shows in the sum of the probabilities
    final = evolve([Factor(0.5 * gates.I2, ("a",))], ("a",))
    assert read(final, Reading("probs")).sum() == pytest.approx(0.25)


# --- matrices of whole products ---------------------------------------------------------------------------------------


@given(SEEDS)
def test_the_matrix_of_a_sum_is_the_sum_of_the_matrices(seed: int) -> None:
    terms, matrix = terms_of(seed)
    np.testing.assert_allclose(dense(terms, WIRES), matrix, atol=1e-13)


def test_the_matrix_of_a_sum_of_nothing_is_zero() -> None:
    np.testing.assert_array_equal(dense((), ("a",)), np.zeros((2, 2)))


def test_a_matrix_larger_than_the_limit_is_not_made() -> None:
    with pytest.raises(NotSimulated, match="3 wires"):
        dense((), WIRES, limit=2)


@pytest.mark.parametrize(
    ("step", "distance"),
    [
        (Factor(gates.rotation("X", 0.3), ("a",)), 0),
        (Factor(np.diag([1, 1.1]), ("a",)), 0.21),
        (Channel((0.75, 0.25), (gates.I2, gates.X), ("a",)), 0),
        (Channel((0.75, 0.5), (gates.I2, gates.X), ("a",)), 0.25),
        (Preparation(np.array([0.6, 0.8j]), ("a",)), 0),
        (Preparation(np.diag([0.5, 0.6]), ("a",)), 0.1),
        (Preparation(np.array([2.0, 0.0]), ("a",)), 1),
        (Conditioned(outcome(0, table=(0, 1)), (Factor(gates.X, ("a",)), Factor(2 * gates.X, ("a",)))), 3),
        (Conditioned(outcome(0, table=(0, 1)), ()), 0),
        (Measured("a"), 0),
        (Reading("expval", ((2.0, (Factor(gates.Z, ("a",)),)),)), 0),
        (Reading("expval", ((1.0, (Factor(np.array([[0, 1], [0, 0]]), ("a",)),)),)), 1),
        (Reading("probs", wires=("a",)), 0),
    ],
)
def test_a_defect_is_how_far_a_step_is_from_what_physics_allows(step: Step | Reading, distance: float) -> None:
    assert defect(step) == pytest.approx(distance, abs=1e-12)


def test_the_hermitian_of_a_wide_observable_is_believed() -> None:
    wide = tuple(Factor(1j * gates.Z if wire == 0 else gates.Z, (wire,)) for wire in range(7))
    assert defect(Reading("expval", ((1.0, wide),))) == 0
