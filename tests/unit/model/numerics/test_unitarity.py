"""How far gates that are given as matrices are from unitary, and the nearest ones that are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.node import Node, Wires
from qdiag.model.numerics.rounding import SKEWED, Law
from qdiag.model.numerics.unitarity import EXCUSED, MOST_ROWS, farthest, skew, with_unitary_gates
from qdiag.model.parameter import Parameter
from tests.worlds.small_circuits import gate


def turn(size: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]


def of(*matrices: np.ndarray, name: str = "QubitUnitary") -> Circuit:
    nodes = tuple(Node(name, (Parameter(matrix),), Wires((0, 1)), (0, 1)) for matrix in matrices)
    return Circuit((gate("RX", 0.3), *nodes), ())


@given(st.integers(0, 50), st.sampled_from([1, 2, 4, 8]))
def test_unitary_matrices_are_no_further_from_it_than_rounding(seed: int, size: int) -> None:
    circuit = of(turn(size, seed), turn(size, seed + 1))
    assert skew(circuit) < 1e-13
    assert farthest(circuit) is None
    assert with_unitary_gates(circuit) is None


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_the_last_of_six_digits_and_single_precision_are_excused(dtype: str) -> None:
    circuit = of(turn(4).round(6).astype(dtype), turn(4, 1).round(6).astype(dtype))
    assert 1e-7 < skew(circuit) < 2 * EXCUSED
    assert farthest(circuit) is None


@pytest.mark.parametrize("matrix", [0.9 * turn(4), turn(4).round(3), np.ones((4, 4)), np.stack([turn(4), 1.1 * turn(4, 1)])])
def test_what_no_digits_excuse_is_no_part_of_what_is_explained_and_is_named(matrix: np.ndarray) -> None:
    circuit = of(turn(4, 5), matrix)
    found = farthest(circuit)
    assert skew(circuit) < 1e-13
    assert found is not None
    assert np.array_equal(found[0].data[0].value, matrix)  # type: ignore[union-attr]


def test_the_nearest_unitary_matrix_takes_its_place_and_others_stay() -> None:
    kept, scaled = turn(4, 5), turn(4)
    mended = with_unitary_gates(of(kept, 0.9 * scaled))
    assert mended is not None
    assert np.array_equal(mended.parameters[1].value, kept)
    assert mended.parameters[2].value == pytest.approx(scaled)
    assert farthest(mended) is None


def test_whole_numbers_become_fractions_where_they_have_to() -> None:
    mended = with_unitary_gates(of(np.array([[1, 1], [1, -1]])))
    assert mended is not None
    assert mended.parameters[1].value == pytest.approx(np.array([[1, 1], [1, -1]]) / np.sqrt(2))
    assert with_unitary_gates(of(np.array([[0, 1], [1, 0]]))) is None


def test_a_diagonal_is_held_to_phases() -> None:
    phases = np.exp(1j * np.array([0.1, 0.2, 0.3, 0.4]))
    assert skew(of(phases, name="DiagonalQubitUnitary")) < 1e-14
    mended = with_unitary_gates(of(2 * phases, name="DiagonalQubitUnitary"))
    assert mended is not None
    assert mended.parameters[1].value == pytest.approx(phases)


@pytest.mark.parametrize(
    "circuit",
    [
        of(0.9 * turn(4), name="Hermitian"),
        of(np.array(0.3)),
        of(np.ones((2, 3))),
        of(np.full((2, 2), np.nan)),
        of(np.zeros((2 * MOST_ROWS, 2 * MOST_ROWS))),
        of(np.array([["a", "b"], ["c", "d"]])),
    ],
    ids=["no gate", "no matrix", "not square", "no numbers", "too large", "not of numbers"],
)
def test_what_is_no_matrix_of_a_gate_is_not_looked_at(circuit: Circuit) -> None:
    assert (skew(circuit), farthest(circuit), with_unitary_gates(circuit)) == (0, None, None)


def test_the_law_excuses_methods_by_it() -> None:
    exact, copied = (Law.of(of(matrix), (Evaluation(Method("default.qubit", "adjoint")),)) for matrix in (turn(4), turn(4).round(6)))
    more = copied.bounds(1.0, gradient=True).double - exact.bounds(1.0, gradient=True).double
    assert more == pytest.approx(SKEWED * skew(of(turn(4).round(6))), rel=1e-6)
