"""Made-up numbers: of the same kind, and nobody's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qdiag.circuit import Circuit, Node, Parameter, Wires
from qdiag.made_up import made_up


def replaced(value: object, seed: int = 1) -> np.ndarray:
    node = Node("Gate", (Parameter(np.asarray(value), "torch", True),), Wires((0,)), (0,))
    (parameter,) = made_up(Circuit((node,), ()), seed).parameters
    return parameter.value


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_an_angle_becomes_another_one_of_its_dtype(dtype: str) -> None:
    angle = replaced(np.asarray([0.318246, -0.7310981], dtype))
    assert angle.dtype == dtype
    assert not np.any(np.isclose(np.abs(angle), [0.318246, 0.7310981], atol=1e-4))
    assert list(np.sign(np.real(angle))) == [1, -1]


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, math.pi, -math.pi / 2, np.float32(math.pi / 4)])
def test_what_says_something_about_the_circuit_stays(value: float) -> None:
    assert replaced(value) == value


def test_another_seed_gives_other_numbers_and_the_same_one_the_same() -> None:
    assert replaced(0.3, 1) == replaced(0.3, 1) != replaced(0.3, 2)


def test_a_state_stays_normalised_and_a_unitary_unitary() -> None:
    state = replaced(np.asarray([0.6, 0.0, 0.8]))
    assert np.linalg.norm(state) == pytest.approx(1)
    assert state[1] == 0
    turn = np.asarray([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    found = replaced(turn)
    np.testing.assert_allclose(found @ found.T, np.eye(2), atol=1e-12)
    assert not np.allclose(np.abs(found), np.abs(turn), atol=1e-3)


def test_a_hermitian_stays_hermitian_and_a_density_matrix_one() -> None:
    hermitian = replaced(np.asarray([[0.3, 0.2j], [-0.2j, 1.4]]))
    np.testing.assert_allclose(hermitian, hermitian.conj().T)
    mixed = replaced(np.asarray([[0.7, 0.1], [0.1, 0.3]]))
    assert np.trace(mixed) == pytest.approx(1)
    assert np.linalg.eigvalsh(mixed).min() > -1e-12


def test_bits_stay_and_counts_do_not_grow() -> None:
    np.testing.assert_array_equal(replaced(np.asarray([0, 1, 1])), [0, 1, 1])
    assert replaced(np.asarray([5, 3])).max() <= 5
