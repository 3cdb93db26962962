"""Made-up numbers: of the same kind, and nobody's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.circuit import Circuit
from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.synthetic_numbers import made_up, tells_numbers
from tests.worlds.dense import random_density, random_hermitian, random_state, random_unitary
from tests.worlds.strategies import runnable_circuits


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


def test_phases_of_a_diagonal_unitary_are_data() -> None:
    phases = np.exp(1j * np.asarray([0.318246, -0.731098]))
    found = replaced(np.diag(phases))
    np.testing.assert_allclose(found @ found.conj().T, np.eye(2), atol=1e-12)
    assert not np.any(np.isclose(np.diag(found), phases, atol=1e-3))
    np.testing.assert_array_equal(replaced(np.diag([1, 1j])), np.diag([1, 1j]))


def test_a_sparse_matrix_keeps_its_places_and_its_kind() -> None:
    dense = np.asarray([[0.318246, 0.2 + 0.73j, 0], [0.2 - 0.73j, -0.459177, 0], [0, 0, 0.862451]])
    matrix = scipy.sparse.csr_matrix(dense)
    parts = tuple(Parameter(np.asarray(part), "numpy", False) for part in (matrix.data, matrix.indices, matrix.indptr))
    node = Node("SparseHamiltonian", (Tagged("sparse-csr", ((3, 3), parts, False)),), Wires((0,)), (0,))
    data, indices, indptr = (p.value for p in made_up(Circuit((), (node,)), 1).parameters)
    made = scipy.sparse.csr_matrix((data, indices, indptr), shape=(3, 3)).toarray()
    np.testing.assert_array_equal(made == 0, dense == 0)
    np.testing.assert_allclose(made, made.conj().T)
    assert not np.any(np.isclose(np.abs(made), np.abs(dense), atol=1e-3) & (dense != 0))


def test_a_matrix_of_simple_numbers_stays() -> None:
    for matrix in (np.diag([0.0, 1.0]), np.asarray([[0, 1j], [-1j, 0]]), np.zeros((2, 2))):
        np.testing.assert_array_equal(replaced(matrix), matrix)


def test_what_is_batched_keeps_its_kind() -> None:
    turns = np.asarray([[[math.cos(x), -math.sin(x)], [math.sin(x), math.cos(x)]] for x in (0.3, 0.7, 1.1)])
    found = replaced(turns)
    np.testing.assert_allclose(found @ np.swapaxes(found, 1, 2), np.broadcast_to(np.eye(2), (3, 2, 2)), atol=1e-12)
    assert not np.any(np.isclose(found, turns, atol=1e-4))
    states = np.asarray([[0.6, 0.0, 0.8, 0.0], [0.0, 1.0, 0.0, 0.0], [0.28, 0.96, 0.0, 0.0], [0.5, 0.5, 0.5, 0.5]])
    for rows in (states, states[:3]):
        made = replaced(rows)
        np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1)
        np.testing.assert_array_equal(made == 0, rows == 0)
        assert not np.any(np.isclose(made[[0, 2]], rows[[0, 2]], atol=1e-4) & (rows[[0, 2]] != 0))


def test_phases_by_themselves_stay_phases_and_are_data() -> None:
    phases = np.exp(1j * np.asarray([0.318246, -0.731098, math.pi / 2, 0.0]))
    found = replaced(phases)
    np.testing.assert_allclose(np.abs(found), 1)
    assert not np.any(np.isclose(found[:2], phases[:2], atol=1e-3))
    np.testing.assert_allclose(found[2:], phases[2:], atol=1e-15)


def test_what_is_merely_small_or_close_to_one_is_data() -> None:
    assert not np.any(np.isclose(replaced(np.asarray([3.18e-7, 1 + 4e-7])), [3.18e-7, 1 + 4e-7], rtol=1e-3, atol=0))


def test_negative_counts_are_made_up_too() -> None:
    assert replaced(np.asarray([-5731, -3])).tolist() != [-5731, -3]


def test_numbers_beside_the_data_are_made_up_and_integers_there_stay() -> None:
    power = Node("Pow", (), (2.862451, 3, True, Mapping((("time", 0.318246),))), (0,))
    outcome = Node("ExpectationMP", (), MeasuredOutcome((0,), (0.0, 0.731098)), ())
    found = made_up(Circuit((power,), (outcome,)), 1)
    metadata: Any = found.operations[0].metadata
    exponent, order, flag, options = metadata
    assert exponent not in (2.862451, 0.0)
    assert (order, flag) == (3, True)
    assert options.get("time") != 0.318246
    assert found.measurements[0].metadata.table[0] == 0  # type: ignore[union-attr]
    assert found.measurements[0].metadata.table[1] != 0.731098  # type: ignore[union-attr]


@pytest.mark.parametrize("source", ["x = 0.862451\n", "x = 1  # was 0.862451\n", "x = 8.6e-1j\n", '"""At 0.862451."""\n'])
def test_a_source_with_a_number_of_its_own_tells_it(source: str) -> None:
    assert tells_numbers(source)


@pytest.mark.parametrize("source", ["x = 2 * y / 3\n", "x = -1j * 0.5 + 1.0\n", "x = 0x1F\n", "# gate no. 3\n"])
def test_a_source_with_integers_and_halves_tells_nothing(source: str) -> None:
    assert not tells_numbers(source)


# --- whatever the numbers ---------------------------------------------------------------------------------------------

SEEDS = st.integers(0, 10**6)
SIMPLE = [0.0, 1.0, *(math.pi * k / n for n in (1, 2, 3, 4, 6, 8) for k in range(1, 2 * n + 1))]
DATA = st.floats(0.05, 20).filter(lambda x: min(abs(x - simple) for simple in SIMPLE) > 1e-3)


@given(st.lists(DATA, min_size=1, max_size=5), st.sampled_from(["float32", "float64", "complex64"]), SEEDS)
def test_numbers_keep_dtype_shape_and_sign_and_lie_where_made_up_numbers_lie(values: list[float], dtype: str, seed: int) -> None:
    # one number more, so that they are no state of norm one
    array = np.asarray([7.3, *(x if i % 2 else -x for i, x in enumerate(values))], dtype)
    found = replaced(array, seed)
    assert (found.dtype.name, found.shape) == (dtype, array.shape)
    assert np.all((np.abs(found) > 0.149) & (np.abs(found) < 1.351))
    np.testing.assert_array_equal(np.sign(found.real), np.sign(array.real))


@given(st.lists(st.tuples(DATA, DATA), min_size=1, max_size=5), SEEDS)
def test_made_up_numbers_tell_nothing_of_the_users(pairs: list[tuple[float, float]], seed: int) -> None:
    one, other = (np.asarray([7.3, *column]) for column in zip(*pairs))
    np.testing.assert_array_equal(replaced(one, seed), replaced(other, seed))


@settings(max_examples=40)
@given(st.sampled_from([2, 4, 8]), SEEDS, st.booleans())
def test_kinds_of_matrices_are_kept(size: int, seed: int, real: bool) -> None:
    draws = np.random.default_rng(seed)
    unitary = np.linalg.qr(draws.standard_normal((size, size)))[0] if real else random_unitary(size, draws)
    found = replaced(unitary, seed)
    assert found.dtype == unitary.dtype
    np.testing.assert_allclose(found @ found.conj().T, np.eye(size), atol=1e-10)
    hermitian = random_hermitian(size, draws)
    hermitian = hermitian.real if real else hermitian
    found = replaced(hermitian, seed)
    assert found.dtype == hermitian.dtype
    np.testing.assert_allclose(found, found.conj().T)
    found = replaced(random_density(size, draws), seed)
    assert np.trace(found).real == pytest.approx(1)
    assert np.linalg.eigvalsh(found)[0] > -1e-12
    found = replaced(random_state(size, draws), seed)
    assert np.linalg.norm(found) == pytest.approx(1)


@settings(max_examples=40)
@given(runnable_circuits(), SEEDS)
def test_a_circuit_on_other_numbers_has_the_same_structure(made: Circuit, seed: int) -> None:
    found = made_up(made, seed)
    assert [node.name for node in found.nodes] == [node.name for node in made.nodes]
    assert found.trainable == made.trainable
    assert [(p.value.dtype, p.value.shape, p.container) for p in found.parameters] == [
        (p.value.dtype, p.value.shape, p.container) for p in made.parameters
    ]


@pytest.mark.parametrize("value", [True, False, 0, 1, -1])
def test_flags_and_units_say_something_about_the_circuit(value: object) -> None:
    assert replaced(value) == value


@given(st.lists(st.integers(2, 10**6), min_size=1, max_size=5), SEEDS)
def test_whole_numbers_stay_whole_and_within_what_was_there(values: list[int], seed: int) -> None:
    found = replaced(np.asarray(values), seed)
    assert found.dtype.kind == "i"
    assert found.min() >= 0
    assert found.max() <= max(values)


def test_a_permutation_with_phases_keeps_its_places() -> None:
    matrix = np.array([[0, np.exp(0.318j)], [np.exp(-0.731j), 0]])
    found = replaced(matrix)
    np.testing.assert_array_equal(np.abs(found) > 0.5, np.abs(matrix) > 0.5)
    assert not np.any(np.isclose(found[np.abs(found) > 0.5], matrix[np.abs(matrix) > 0.5], atol=1e-3))


def test_a_block_keeps_its_zeros_and_a_norm_that_can_be_encoded() -> None:
    block = np.array([[0.3183, 0.0], [0.2157, 0.4411]])
    found = replaced(block)
    assert found[0, 1] == 0
    assert np.linalg.norm(found, 2) <= 1 + 1e-12


@pytest.mark.parametrize(
    ("source", "tells"),
    [
        ("", False),
        ("x = 12345\n", False),
        ("x = 0.25\n", True),
        ("x = 1_000.5\n", False),
        ("x = 1_000.25\n", True),
        ("x = 2.5e-3\n", True),
        ("x = 0b11 + 0o7\n", False),
        ("x = 'pennylane 0.45.1'\n", True),
        ("x = f(3)  # about 1e-7\n", True),
        ("x = 'no number here'\n", False),
    ],
)
def test_what_counts_as_a_number_of_ones_own(source: str, tells: bool) -> None:
    assert tells_numbers(source) is tells
