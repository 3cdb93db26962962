"""The bound of an observable is read off the tree: coefficients, matrices, products and sums."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Tagged, Wires
from qdiag.model.numerics import gates
from qdiag.model.numerics.observable_norms import norms_of, observable_norm
from qdiag.model.parameter import Parameter
from tests.worlds.dense import on_all, random_hermitian, random_state


def number(value: object) -> Parameter:
    return Parameter(np.asarray(value, dtype=float))


def pauli(wire: int = 0) -> Node:
    return Node("PauliZ", wires=(wire,))


def measured(*measurements: Node) -> Circuit:
    return Circuit((), measurements)


HERMITIAN = Node("Hermitian", (number([[0, 3], [3, 0]]),), wires=(0,))
WEIGHTED = Node("LinearCombination", (number([0.5, -2.0]), (pauli(), HERMITIAN)))


@pytest.mark.parametrize(
    ("observable", "norm"),
    [
        (pauli(), 1),
        (Node("Identity"), 1),
        (HERMITIAN, 3),
        (Node("SProd", (number(-4.0), HERMITIAN)), 12),
        (Node("Prod", (HERMITIAN, pauli(1), HERMITIAN)), 9),
        (Node("Sum", (HERMITIAN, pauli(1))), 4),
        (WEIGHTED, 6.5),
        (Node("Hamiltonian", (number([1.0, 1.0, -1.0]), (pauli(), pauli(1), pauli(2)))), 3),
        (Node("Sum", (Node("SProd", (number(2.0), WEIGHTED)), pauli(1))), 14),
    ],
)
def test_the_norm_of_an_observable(observable: Node, norm: float) -> None:
    assert observable_norm(observable) == pytest.approx(norm)


def test_a_sparse_matrix_is_bounded_by_its_largest_row() -> None:
    parts = tuple(Parameter(np.asarray(part)) for part in ([1.0, -2.0, 0.5], [0, 1, 1], [0, 2, 3]))
    sparse = Node("SparseHamiltonian", (), Tagged("sparse-csr", ((2, 2), parts, True)))
    assert observable_norm(sparse) == pytest.approx(3)


def test_each_measurement_has_its_bound_and_a_variance_the_square() -> None:
    circuit = measured(Node("ExpectationMP", (HERMITIAN,)), Node("VarianceMP", (HERMITIAN,)), Node("ProbabilityMP", wires=(0, 1)))
    assert norms_of(circuit, 3) == pytest.approx((3, 9, 1))


def test_the_entropy_of_two_wires_may_exceed_one() -> None:
    assert norms_of(measured(Node("VnEntropyMP", wires=(0, 1))), 1)[0] >= 2 * np.log(2)


def test_groups_of_shots_repeat_the_bounds_and_one_stacked_array_takes_the_largest() -> None:
    circuit = measured(Node("ExpectationMP", (HERMITIAN,)), Node("ExpectationMP", (pauli(),)))
    assert norms_of(circuit, 4) == pytest.approx((3, 1, 3, 1))
    assert norms_of(circuit, 1) == pytest.approx((3,))


# --- against the norms of the matrices themselves ---------------------------------------------------------------------

SEEDS = st.integers(0, 10**6)
PAULIS = {"PauliX": gates.X, "PauliY": gates.Y, "PauliZ": gates.Z, "Identity": gates.I2, "Hadamard": gates.HADAMARD}


@st.composite
def observables(draw: st.DrawFn, depth: int = 2) -> tuple[Node, np.ndarray]:
    """An observable of two wires, with its matrix."""
    kinds = ["Pauli", "Hermitian", "Projector"] + ["SProd", "Prod", "Sum", "LinearCombination", "Hamiltonian"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    if kind == "Pauli":
        name, wire = draw(st.sampled_from(sorted(PAULIS))), draw(st.integers(0, 1))
        return Node(name, (), Wires((wire,)), (wire,)), on_all(PAULIS[name], (wire,), 2)
    if kind in ("Hermitian", "Projector"):
        draws = np.random.default_rng(draw(SEEDS))
        if kind == "Projector":
            state = random_state(4, draws)
            return Node("Projector", (Parameter(state, "numpy"),), Wires((0, 1)), (0, 1)), np.outer(state, state.conj())
        matrix = random_hermitian(4, draws)
        return Node("Hermitian", (Parameter(matrix, "numpy"),), Wires((0, 1)), (0, 1)), matrix
    if kind == "SProd":
        factor = draw(st.floats(-3, 3))
        inner, matrix = draw(observables(depth - 1))
        return Node("SProd", (number(factor), inner), None, inner.wires), factor * matrix
    pairs = draw(st.lists(observables(depth - 1), min_size=1, max_size=3))
    operands, matrices = tuple(node for node, _ in pairs), [matrix for _, matrix in pairs]
    if kind == "Prod":
        return Node("Prod", operands), np.asarray(reduce(np.matmul, matrices))
    if kind == "Sum":
        return Node("Sum", operands), np.asarray(sum(matrices))
    weights = draw(st.lists(st.floats(-3, 3), min_size=len(pairs), max_size=len(pairs)))
    whole = np.asarray(sum(w * m for w, m in zip(weights, matrices)))
    if kind == "LinearCombination" and draw(st.booleans()):
        # one number a term, in a list, as PennyLane's newest form has it
        return Node(kind, ([number(w) for w in weights], list(operands))), whole
    return Node(kind, (number(weights), operands)), whole


@settings(max_examples=100)
@given(observables())
def test_the_bound_is_one(pair: tuple[Node, np.ndarray]) -> None:
    node, matrix = pair
    assert np.linalg.norm(matrix, ord=2) <= observable_norm(node) * (1 + 1e-12) + 1e-12


@settings(max_examples=50)
@given(observables(depth=0), st.floats(-3, 3))
def test_the_bound_of_a_single_observable_and_its_multiples_is_exact(pair: tuple[Node, np.ndarray], factor: float) -> None:
    node, matrix = pair
    exact = np.linalg.norm(matrix, ord=2)
    assert observable_norm(node) == pytest.approx(exact)
    assert observable_norm(Node("SProd", (number(factor), node))) == pytest.approx(abs(factor) * exact)


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 5))
def test_a_sparse_matrix_is_bounded_from_above_whatever_it_holds(seed: int, size: int) -> None:
    draws = np.random.default_rng(seed)
    dense = random_hermitian(1 << size, draws) * (draws.random((1 << size, 1 << size)) < 0.4)
    dense = dense + dense.conj().T
    rows, columns = np.nonzero(dense)
    starts = np.concatenate([[0], np.cumsum(np.count_nonzero(dense, axis=1))])
    parts = tuple(Parameter(np.asarray(part), "numpy") for part in (dense[rows, columns], columns, starts))
    node = Node("SparseHamiltonian", (Tagged("sparse-csr", (dense.shape, parts, True)),), None, tuple(range(size)))
    assert np.linalg.norm(dense, ord=2) <= observable_norm(node) * (1 + 1e-12) + 1e-12


def test_of_several_matrices_the_largest_counts() -> None:
    batch = np.stack([np.diag([1.0, -1.0]), np.diag([5.0, 2.0])])
    assert observable_norm(Node("Hermitian", (Parameter(batch),))) == pytest.approx(5)


def test_a_matrix_that_is_not_finite_has_no_norm_and_bounds_nothing() -> None:
    assert observable_norm(Node("Hermitian", (Parameter(np.full((2, 2), np.nan)),))) == 1


@pytest.mark.parametrize("name", ["VnEntropyMP", "vnentropy", "MutualInfoMP", "VnEntanglementEntropyMP"])
def test_an_entropy_of_all_its_wires_is_within_the_bound(name: str) -> None:
    for wires in range(1, 5):
        (bound,) = norms_of(measured(Node(name, wires=tuple(range(wires)))), 1)
        # mutual information reaches twice the entropy of the smaller half
        assert bound >= 2 * (wires // 2) * np.log(2)
        assert bound >= wires * np.log(2) * (name in ("VnEntropyMP", "vnentropy"))


def test_eigenvalues_given_by_hand_are_the_bound() -> None:
    circuit = measured(Node("ExpectationMP", (number([2.0, -7.0]),)), Node("VarianceMP", (number([2.0, -7.0]),)))
    assert norms_of(circuit, 2) == pytest.approx((7, 49))


def test_the_bound_of_a_circuit_without_measurements_is_one_for_each_output() -> None:
    assert norms_of(measured(), 3) == (1.0, 1.0, 1.0)


@given(observables())
def test_a_variance_is_at_most_the_square_of_the_bound(pair: tuple[Node, np.ndarray]) -> None:
    node, matrix = pair
    hermitian = (matrix + matrix.conj().T) / 2
    values = np.linalg.eigvalsh(hermitian)
    # Popoviciu: no state has a variance above a quarter of the squared range
    largest = (values[-1] - values[0]) ** 2 / 4
    (bound,) = norms_of(measured(Node("VarianceMP", (node,))), 1)
    assert largest <= bound * (1 + 1e-12) + 1e-12


def test_a_snapshot_of_a_shadow_is_larger_than_its_state_on_each_wire() -> None:
    word = Node("Prod", ((pauli(0), pauli(1)),), wires=(0, 1))
    shadow = Node("ShadowExpvalMP", (word,), wires=(0, 1))
    assert norms_of(measured(shadow), 1) == (9.0,)
    assert norms_of(measured(replace(shadow, name="ExpectationMP")), 1) == (1.0,)
