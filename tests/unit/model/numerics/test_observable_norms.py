"""The bound of an observable is read off the tree: coefficients, matrices, products and sums."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.model.circuit import Circuit, Node, Parameter, Tagged
from qdiag.model.numerics.observable_norms import norms_of, observable_norm


def number(value):
    return Parameter(np.asarray(value, dtype=float))


def pauli(wire=0):
    return Node("PauliZ", wires=(wire,))


def measured(*measurements):
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
def test_the_norm_of_an_observable(observable, norm):
    assert observable_norm(observable) == pytest.approx(norm)


def test_a_sparse_matrix_is_bounded_by_its_largest_row():
    parts = tuple(Parameter(np.asarray(part)) for part in ([1.0, -2.0, 0.5], [0, 1, 1], [0, 2, 3]))
    sparse = Node("SparseHamiltonian", (), Tagged("sparse-csr", ((2, 2), parts, True)))
    assert observable_norm(sparse) == pytest.approx(3)


def test_each_measurement_has_its_bound_and_a_variance_the_square():
    circuit = measured(Node("ExpectationMP", (HERMITIAN,)), Node("VarianceMP", (HERMITIAN,)), Node("ProbabilityMP", wires=(0, 1)))
    assert norms_of(circuit, 3) == pytest.approx((3, 9, 1))


def test_the_entropy_of_two_wires_may_exceed_one():
    assert norms_of(measured(Node("VnEntropyMP", wires=(0, 1))), 1)[0] >= 2 * np.log(2)


def test_groups_of_shots_repeat_the_bounds_and_one_stacked_array_takes_the_largest():
    circuit = measured(Node("ExpectationMP", (HERMITIAN,)), Node("ExpectationMP", (pauli(),)))
    assert norms_of(circuit, 4) == pytest.approx((3, 1, 3, 1))
    assert norms_of(circuit, 1) == pytest.approx((3,))
