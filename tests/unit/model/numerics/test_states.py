"""Our own simulator, on states that are known by heart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.node import Label, MeasuredOutcome
from qdiag.model.numerics import gates
from qdiag.model.numerics.measurements import defect, dense, density_matrix, read
from qdiag.model.numerics.states import (
    Branch,
    Channel,
    Conditioned,
    Factor,
    Final,
    Measured,
    NotSimulated,
    Preparation,
    Reading,
    Step,
    apply_matrix,
    apply_operator,
    evolve,
    looked_up,
)
from tests.worlds.dense import on_all, random_density, random_kraus, random_state, random_unitary

H = Factor(gates.HADAMARD, ("a",))
CNOT = Factor(gates.FIXED["CNOT"], ("a", "b"))
BELL = (H, CNOT)
Z_A = ((1.0, (Factor(gates.Z, ("a",)),)),)
ZZ = ((1.0, (Factor(gates.Z, ("a",)), Factor(gates.Z, ("b",)))),)


def after(steps: Sequence[Step], reading: Reading, wires: Sequence[Label] = ("a", "b")) -> np.ndarray:
    return read(evolve(steps, wires), reading)


def test_a_bell_pair() -> None:
    assert after(BELL, Reading("expval", Z_A)) == pytest.approx(0)
    assert after(BELL, Reading("expval", ZZ)) == pytest.approx(1)
    assert after(BELL, Reading("var", Z_A)) == pytest.approx(1)
    np.testing.assert_allclose(after(BELL, Reading("probs", wires=("b", "a"))), [0.5, 0, 0, 0.5], atol=1e-15)
    np.testing.assert_allclose(after(BELL, Reading("state")), np.array([1, 0, 0, 1]) / math.sqrt(2), atol=1e-15)
    assert after(BELL, Reading("purity", wires=("a",))) == pytest.approx(0.5)
    assert after(BELL, Reading("entropy", wires=("a",), log_base=2)) == pytest.approx(1)
    assert after(BELL, Reading("mutual-info", wires=("a",), others=("b",), log_base=2)) == pytest.approx(2)


def test_wires_are_read_in_the_order_asked_for() -> None:
    steps = (Factor(gates.X, ("b",)),)
    np.testing.assert_allclose(after(steps, Reading("probs", wires=("a", "b"))), [0, 1, 0, 0])
    np.testing.assert_allclose(after(steps, Reading("probs", wires=("b", "a"))), [0, 0, 1, 0])


def test_noise_makes_a_density_matrix() -> None:
    flip = Channel((0.75, 0.25), (gates.I2, gates.X), ("a",))
    assert after((flip,), Reading("expval", Z_A)) == pytest.approx(0.5)
    np.testing.assert_allclose(after((flip,), Reading("state"), ("a",)), np.diag([0.75, 0.25]), atol=1e-15)


def test_a_measurement_branches_and_conditions() -> None:
    steps = (H, Measured("a"), Conditioned(MeasuredOutcome((0,), (False, True)), (Factor(gates.X, ("b",)),)))
    assert after(steps, Reading("expval", ZZ)) == pytest.approx(1)
    assert after(steps, Reading("expval", outcomes=(MeasuredOutcome((0,), (0, 1)),))) == pytest.approx(0.5)
    np.testing.assert_allclose(after(steps, Reading("probs", outcomes=(MeasuredOutcome((0,), (0, 1)),))), [0.5, 0.5])


def test_postselection_divides_by_the_weight_that_is_left() -> None:
    steps = (Factor(gates.rotation("Y", 0.3), ("a",)), CNOT, Measured("a", postselect=1))
    assert after(steps, Reading("expval", ((1.0, (Factor(gates.Z, ("b",)),)),))) == pytest.approx(-1)


def test_an_impossible_postselection_is_not_simulated() -> None:
    with pytest.raises(NotSimulated, match="no probability"):
        after((Measured("a", postselect=1),), Reading("expval", Z_A))


def test_a_reset_brings_the_ground_state_back() -> None:
    assert after((Factor(gates.X, ("a",)), Measured("a", reset=True)), Reading("expval", Z_A)) == pytest.approx(1)


def test_a_preparation_sets_its_wires_and_leaves_the_others() -> None:
    steps = (Factor(gates.X, ("a",)), Preparation(np.array([0.6, 0.8]), ("b",)))
    np.testing.assert_allclose(after(steps, Reading("probs")), [0, 0, 0.36, 0.64])


def test_a_dense_matrix_puts_the_first_wire_first() -> None:
    np.testing.assert_allclose(dense(((2.0, (Factor(gates.X, ("b",)),)),), ("a", "b")), 2 * gates.word("IX"))


def test_a_defect_is_the_distance_from_physics() -> None:
    assert defect(H) < 1e-15
    assert defect(Factor(2 * gates.X, ("a",))) == pytest.approx(3)
    assert defect(Preparation(np.array([1.0, 1.0]), ("a",))) == pytest.approx(math.sqrt(2) - 1)
    assert defect(Reading("expval", ((1j, (Factor(gates.Z, ("a",)),)),))) == pytest.approx(2)
    assert defect(Channel((0.5,), (gates.X,), ("a",))) == pytest.approx(0.5)


def test_an_operation_on_a_foreign_wire_is_not_simulated() -> None:
    with pytest.raises(NotSimulated, match="'c'"):
        after((Factor(gates.X, ("c",)),), Reading("probs"))


# --- against density matrices of all wires, written out ---------------------------------------------------------------

SEEDS = st.integers(0, 10**6)
ORDER = ("a", "b", "c")


@given(SEEDS, st.permutations(range(3)), st.integers(0, 3))
def test_a_matrix_on_some_axes_is_the_same_matrix_on_all_wires(seed: int, order: list[int], count: int) -> None:
    draws = np.random.default_rng(seed)
    axes = tuple(order[:count])
    matrix, state = random_unitary(1 << count, draws), random_state(8, draws)
    found = apply_matrix(state.reshape((2,) * 3), matrix, axes)
    np.testing.assert_allclose(found.reshape(-1), on_all(matrix, axes, 3) @ state, atol=1e-13)


@given(SEEDS, st.permutations(range(3)))
def test_a_density_matrix_is_multiplied_from_both_sides(seed: int, order: list[int]) -> None:
    draws = np.random.default_rng(seed)
    axes = tuple(order[:2])
    matrix, rho = random_kraus(4, 2, draws)[0], random_density(8, draws)
    whole = on_all(matrix, axes, 3)
    found = apply_operator(rho.reshape((2,) * 6), matrix, axes, mixed=True).reshape(8, 8)
    np.testing.assert_allclose(found, whole @ rho @ whole.conj().T, atol=1e-13)


class Ensemble:
    """Branches as density matrices of all wires: the same program, run the long way."""

    def __init__(self) -> None:
        ground = np.zeros((8, 8), complex)
        ground[0, 0] = 1
        self.branches: list[tuple[tuple[int, ...], np.ndarray]] = [((), ground)]

    def run(self, step: Step) -> None:
        if isinstance(step, Measured):
            self.branches = [part for branch in self.branches for part in self.split(branch, step)]
        else:
            self.branches = [(outcomes, self.applied(step, outcomes, rho)) for outcomes, rho in self.branches]

    def applied(self, step: Step, outcomes: tuple[int, ...], rho: np.ndarray) -> np.ndarray:
        if isinstance(step, Factor):
            return self.conjugated(step.matrix, step.wires, rho)
        if isinstance(step, Channel):
            parts = [w * self.conjugated(k, step.wires, rho) for w, k in zip(step.weights, step.matrices)]
            return np.asarray(sum(parts))
        assert isinstance(step, Conditioned)
        position = int("".join(str(outcomes[m]) for m in step.outcome.measurements), 2)
        if step.outcome.table[position]:
            for inner in step.steps:
                rho = self.applied(inner, outcomes, rho)
        return rho

    def split(self, branch: tuple[tuple[int, ...], np.ndarray], step: Measured) -> list[tuple[tuple[int, ...], np.ndarray]]:
        outcomes, rho = branch
        kept = [value for value in (0, 1) if step.postselect in (None, value)]
        parts = []
        for value in kept:
            jump = np.zeros((2, 2))
            jump[0 if step.reset else value, value] = 1
            parts.append(((*outcomes, value), self.conjugated(jump, (step.wire,), rho)))
        return parts

    @staticmethod
    def conjugated(matrix: np.ndarray, wires: Sequence[Label], rho: np.ndarray) -> np.ndarray:
        whole = on_all(matrix, [ORDER.index(str(wire)) for wire in wires], 3)
        return np.asarray(whole @ rho @ whole.conj().T)


@st.composite
def programs(draw: st.DrawFn, noisy: bool) -> list[Step]:
    """Steps on three wires: gates, channels where there may be noise, measurements, and what depends on these."""
    draws = np.random.default_rng(draw(SEEDS))
    steps: list[Step] = []
    measured = 0
    for _ in range(draw(st.integers(1, 6))):
        wires = tuple(draw(st.permutations(ORDER))[: draw(st.integers(1, 2))])
        kind = draw(st.sampled_from(["factor", "channel", "measured", "conditioned"]))
        if kind == "measured" and measured < 2:
            steps.append(Measured(wires[0], draw(st.booleans()), draw(st.sampled_from([None, None, 0, 1]))))
            measured += 1
        elif kind == "channel" and noisy:
            steps.append(Channel((1.0, 1.0), tuple(random_kraus(1 << len(wires), 2, draws)), wires))
        elif kind == "conditioned" and measured:
            table = tuple(bool(draws.integers(2)) for _ in range(1 << measured))
            inner = (Factor(random_unitary(1 << len(wires), draws), wires), Factor(gates.HADAMARD, (wires[0],)))
            steps.append(Conditioned(MeasuredOutcome(tuple(range(measured)), table), inner))
        else:
            steps.append(Factor(random_unitary(1 << len(wires), draws), wires))
    return steps


@settings(max_examples=60)
@given(st.booleans().flatmap(programs))
def test_a_program_ends_in_the_branches_that_linear_algebra_gives(steps: list[Step]) -> None:
    final, ensemble = evolve(steps, ORDER), Ensemble()
    for step in steps:
        ensemble.run(step)
    assert [branch.outcomes for branch in final.branches] == [outcomes for outcomes, _ in ensemble.branches]
    for branch, (_, rho) in zip(final.branches, ensemble.branches):
        alone = Final((branch,), final.wires, final.mixed, final.selected)
        np.testing.assert_allclose(density_matrix(alone, ORDER), rho, atol=1e-12)


@settings(max_examples=30)
@given(programs(noisy=False))
def test_without_noise_no_density_matrix_is_made(steps: list[Step]) -> None:
    assert not evolve(steps, ORDER).mixed


@settings(max_examples=30)
@given(programs(noisy=True))
def test_without_postselection_nothing_is_lost(steps: list[Step]) -> None:
    steps = [Measured(step.wire, step.reset) if isinstance(step, Measured) else step for step in steps]
    final = evolve(steps, ORDER)
    assert not final.selected
    assert np.trace(density_matrix(final, ORDER)).real == pytest.approx(1)


def test_noise_inside_a_condition_makes_a_density_matrix_from_the_start() -> None:
    flip = Channel((0.75, 0.25), (gates.I2, gates.X), ("b",))
    steps = (H, Measured("a"), Conditioned(MeasuredOutcome((0,), (False, True)), (flip,)))
    assert evolve(steps, ("a", "b")).mixed
    np.testing.assert_allclose(after(steps, Reading("probs")), [0.5, 0, 0.375, 0.125], atol=1e-15)


def test_a_density_matrix_is_prepared_beside_a_superposition() -> None:
    rho = np.diag([0.3, 0.7])
    found = after((H, Preparation(rho, ("b",))), Reading("state"))
    np.testing.assert_allclose(found, np.kron(np.full((2, 2), 0.5), rho), atol=1e-15)


def test_a_vector_is_prepared_in_a_noisy_circuit_as_its_projector() -> None:
    state = np.array([0.6, 0.8j])
    flip = Channel((0.5, 0.5), (gates.I2, gates.X), ("a",))
    found = after((flip, Preparation(state, ("b",))), Reading("density", wires=("b",)))
    np.testing.assert_allclose(found, np.outer(state, state.conj()), atol=1e-15)


def test_a_state_is_prepared_in_the_order_of_its_own_wires() -> None:
    state = random_state(4, np.random.default_rng(3))
    found = after((Preparation(state, ("b", "a")),), Reading("state"))
    np.testing.assert_allclose(found.reshape(2, 2), state.reshape(2, 2).T, atol=1e-15)


def test_a_matrix_on_no_wires_is_a_global_phase() -> None:
    found = after((Factor(np.array([[1j]]), ()),), Reading("state"))
    np.testing.assert_allclose(found, [1j, 0, 0, 0])


def test_a_measurement_inside_a_condition_is_not_simulated() -> None:
    inner = Conditioned(MeasuredOutcome((0,), (True, True)), (Measured("b"),))
    with pytest.raises(NotSimulated, match="conditional"):
        evolve((Measured("a"), inner), ("a", "b"))


@pytest.mark.parametrize(("outcomes", "value"), [((0, 0, 1), 20.0), ((1, 0, 0), 30.0), ((1, 1, 1), 40.0), ((0, 1, 0), 10.0)])
def test_an_outcome_is_looked_up_by_its_own_measurements_first_most_significant(outcomes: tuple[int, ...], value: float) -> None:
    branch = Branch(outcomes, np.zeros(()))
    assert looked_up(MeasuredOutcome((0, 2), (10, 20, 30, 40)), branch) == value


def test_an_outcome_of_no_measurement_is_a_constant() -> None:
    assert looked_up(MeasuredOutcome((), (True,)), Branch((0, 1), np.zeros(()))) == 1.0


def test_axes_are_found_by_label_and_a_foreign_one_is_named() -> None:
    final = evolve((), ("a", 7, "c"))
    assert final.axes(("c", 7)) == (2, 1)
    with pytest.raises(NotSimulated, match="'z'"):
        final.axes(("a", "z"))


def test_a_projector_that_stands_for_a_postselected_measurement_leaves_a_state_to_be_divided_by_its_weight() -> None:
    turned = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    up = np.diag([0.0, 1.0])
    final = evolve([Factor(turned, (0,)), Factor(up, (0,), selects=True)], (0,))
    assert final.selected
    assert not evolve([Factor(turned, (0,))], (0,)).selected
    assert read(final, Reading("probs", wires=(0,))) == pytest.approx([0.0, 1.0])
    assert defect(Factor(up, (0,), selects=True)) == 0
    assert defect(Factor(up, (0,))) == 1
