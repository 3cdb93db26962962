"""Projections onto the surfaces on which parameters live: linear, idempotent, and exactly along the surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qdiag.model.circuit import Circuit
from qdiag.model.node import Mapping, Node, Value, Wires
from qdiag.model.numerics.surfaces import leaves_a_surface, nudged, tangential, with_real_points
from qdiag.model.operator_families import AMPLITUDES, HERMITIAN_MATRICES, UNITARY_MATRICES
from qdiag.model.parameter import Parameter
from tests.worlds.dense import random_hermitian, random_state, random_unitary

SEEDS = st.integers(0, 10**6)
SIZES = st.sampled_from([2, 4])
Point = Callable[[int, np.random.Generator], np.ndarray]


def holding(name: str, *points: np.ndarray, trainable: bool = True, metadata: Value = None) -> Circuit:
    data = tuple(Parameter(point, "torch", trainable) for point in points)
    return Circuit((Node(name, data, metadata, (0,)),), ())


def projected(name: str, point: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    (found,) = tangential(holding(name, point), [gradient])
    return found


def complex_normal(shape: tuple[int, ...], draws: np.random.Generator) -> np.ndarray:
    return np.asarray(draws.standard_normal(shape) + 1j * draws.standard_normal(shape))


def random_phases(size: int, draws: np.random.Generator) -> np.ndarray:
    return np.asarray(np.exp(1j * draws.uniform(0, 6, size)))


def random_density(size: int, draws: np.random.Generator) -> np.ndarray:
    square = complex_normal((size, size), draws)
    return np.asarray(square @ square.conj().T / np.linalg.norm(square) ** 2)


SURFACES: list[tuple[str, Point]] = [
    ("StatePrep", random_state),
    ("QubitUnitary", random_unitary),
    ("Hermitian", random_hermitian),
    ("DiagonalQubitUnitary", random_phases),
    ("QubitDensityMatrix", random_density),
]


def is_kept(name: str, point: np.ndarray) -> bool:
    """Whether a point is on its surface."""
    dagger = point.conj().T
    return {
        "StatePrep": lambda: np.isclose(np.linalg.norm(point), 1),
        "QubitUnitary": lambda: np.allclose(point @ dagger, np.eye(len(point)), atol=1e-12),
        "Hermitian": lambda: np.allclose(point, dagger),
        "DiagonalQubitUnitary": lambda: np.allclose(np.abs(point), 1),
        "QubitDensityMatrix": lambda: np.isclose(np.trace(point), 1) and np.linalg.eigvalsh(point)[0] > -1e-12,
    }[name]()  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "make"), SURFACES)
@pytest.mark.parametrize("far", [1e-3, 0.3])
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_a_nudge_moves_a_point_along_its_surface(name: str, make: Point, far: float, size: int, seed: int) -> None:
    point = make(size, np.random.default_rng(seed))
    moved = nudged(holding(name, point), far, np.random.default_rng(1))[0]
    assert is_kept(name, moved)
    assert far / 100 < np.max(np.abs(moved - point)) < far * 30


@pytest.mark.parametrize("name", ["QubitUnitary", "StatePrep", "Hermitian"])
def test_a_nudge_of_real_numbers_stays_real(name: str) -> None:
    point = {"QubitUnitary": TURN, "StatePrep": STATE, "Hermitian": HERMITIAN}[name]
    moved = nudged(holding(name, point), 0.3, np.random.default_rng(1))[0]
    assert moved.dtype == point.dtype
    assert is_kept(name, moved)


def kraus_operators(draws: np.random.Generator) -> list[np.ndarray]:
    whole = random_unitary(8, draws)[:, :2]
    return [whole[start : start + 2] for start in range(0, 8, 2)]


@settings(max_examples=25)
@given(SEEDS)
def test_kraus_operators_stay_a_channel_together(seed: int) -> None:
    operators = kraus_operators(np.random.default_rng(seed))
    moved = nudged(holding("QubitChannel", *operators), 0.3, np.random.default_rng(1))
    np.testing.assert_allclose(sum(k.conj().T @ k for k in moved.values()), np.eye(2), atol=1e-12)
    assert all(np.max(np.abs(moved[i] - k)) > 0.01 for i, k in enumerate(operators))


@settings(max_examples=25)
@given(SEEDS)
def test_the_part_along_a_channel_changes_no_trace_and_keeps_what_changes_none(seed: int) -> None:
    draws = np.random.default_rng(seed)
    operators = kraus_operators(draws)
    circuit = holding("QubitChannel", *operators)
    found = tangential(circuit, [complex_normal((3, 2, 2), draws) for _ in operators])
    change = sum(k.conj().T @ g for k, g in zip(operators, found))
    np.testing.assert_allclose(change + np.conj(np.swapaxes(change, -1, -2)), 0, atol=1e-12)
    np.testing.assert_allclose(tangential(circuit, found), found, atol=1e-12)


def test_probabilities_are_moved_to_probabilities() -> None:
    circuit = holding("ResetError", np.array(0.9), np.array(0.1))
    first, second = nudged(circuit, 0.3, np.random.default_rng(1)).values()
    assert first >= 0
    assert second >= 0
    assert first + second <= 1 + 1e-12
    assert first != 0.9


def test_what_is_free_is_nudged_as_far_as_was_asked() -> None:
    moved = nudged(holding("RX", np.array(0.3)), 0.1, np.random.default_rng(1))[0]
    assert 0.05 <= moved - 0.3 <= 0.1


def test_a_matrix_that_is_none_any_more_has_left_its_surface() -> None:
    before, after = holding("QubitUnitary", TURN), holding("QubitUnitary", np.round(TURN))
    assert leaves_a_surface(before, after)
    assert not leaves_a_surface(before, before)
    assert not leaves_a_surface(after, after)
    # left out altogether, it is on no surface and off none
    assert not leaves_a_surface(before, holding("RX", np.array(0.3)))


@pytest.mark.parametrize(("name", "make"), SURFACES)
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_a_projection_minds_the_convention(name: str, make: Point, size: int, seed: int) -> None:
    """Slopes along the surface are those of the gradient's projection: true in torch's convention alone."""
    draws = np.random.default_rng(seed)
    point, gradient = make(size, draws), complex_normal(np.shape(make(size, draws)), draws)
    direction = projected(name, point, complex_normal(point.shape, draws))
    slope = np.vdot(gradient, direction).real
    assert np.vdot(projected(name, point, gradient), direction).real == pytest.approx(slope, abs=1e-10)


@pytest.mark.parametrize(("name", "point"), [("StatePrep", "STATE"), ("QubitUnitary", "TURN"), ("Hermitian", "HERMITIAN")])
def test_complex_derivatives_by_real_numbers_are_projected_part_by_part(name: str, point: str) -> None:
    """Those of a complex result: its real and its imaginary part are two results."""
    at = {"STATE": STATE, "TURN": TURN, "HERMITIAN": HERMITIAN}[point]
    gradient = complex_normal(at.shape, np.random.default_rng(0))
    parts = projected(name, at, gradient.real.copy()) + 1j * projected(name, at, gradient.imag.copy())
    np.testing.assert_allclose(projected(name, at, gradient), parts, atol=1e-14)


@pytest.mark.parametrize(("name", "make"), SURFACES)
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_projecting_twice_is_projecting_once(name: str, make: Point, size: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    point = make(size, draws)
    once = projected(name, point, complex_normal(point.shape, draws))
    np.testing.assert_allclose(projected(name, point, once), once, atol=1e-12)


@pytest.mark.parametrize(("name", "make"), SURFACES)
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_a_projection_is_orthogonal(name: str, make: Point, size: int, seed: int) -> None:
    """What is taken away is at a right angle to all that is left: <P g, h> = <g, P h> in the real inner product."""
    draws = np.random.default_rng(seed)
    point = make(size, draws)
    one, two = (complex_normal(point.shape, draws) for _ in range(2))
    left = np.vdot(projected(name, point, one), two).real
    right = np.vdot(one, projected(name, point, two)).real
    assert left == pytest.approx(right, abs=1e-10)


def tangent_of_states(point: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """The direction in which a turn moves a state."""
    return np.asarray(1j * random_hermitian(len(point), draws) @ point)


def tangent_of_unitaries(point: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return np.asarray(point @ (1j * random_hermitian(len(point), draws)))


def tangent_of_hermitians(point: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return random_hermitian(len(point), draws)


TANGENTS = [
    ("StatePrep", random_state, tangent_of_states),
    ("QubitUnitary", random_unitary, tangent_of_unitaries),
    ("Hermitian", random_hermitian, tangent_of_hermitians),
]


@pytest.mark.parametrize(("name", "make", "tangent"), TANGENTS)
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_what_lies_along_the_surface_is_kept_whole(
    name: str, make: Point, tangent: Callable[[np.ndarray, np.random.Generator], np.ndarray], size: int, seed: int
) -> None:
    draws = np.random.default_rng(seed)
    point = make(size, draws)
    direction = tangent(point, draws)
    np.testing.assert_allclose(projected(name, point, direction), direction, atol=1e-12)


@given(SIZES, SEEDS)
def test_the_way_out_of_the_sphere_is_taken_away(size: int, seed: int) -> None:
    point = random_state(size, np.random.default_rng(seed))
    np.testing.assert_allclose(projected("StatePrep", point, 2.5 * point), 0, atol=1e-13)


@given(SIZES, SEEDS)
def test_the_ways_out_of_the_unitaries_are_those_times_a_hermitian_matrix(size: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    point = random_unitary(size, draws)
    np.testing.assert_allclose(projected("QubitUnitary", point, point @ random_hermitian(size, draws)), 0, atol=1e-12)


@given(SIZES, SEEDS)
def test_the_ways_out_of_the_hermitians_are_the_antihermitian_ones(size: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    point = random_hermitian(size, draws)
    np.testing.assert_allclose(projected("Hermitian", point, 1j * random_hermitian(size, draws)), 0, atol=1e-12)


@given(SEEDS)
def test_functions_that_are_the_same_on_the_surface_have_the_same_gradient_along_it(seed: int) -> None:
    """The reason of the whole: |<0|U|0>|² and its ratio to the norm of U's first column differ off the unitaries alone."""
    draws = np.random.default_rng(seed)
    point = random_unitary(2, draws)

    def weight(matrix: np.ndarray) -> float:
        return float(abs(matrix[0, 0]) ** 2)

    def ratio(matrix: np.ndarray) -> float:
        return float(abs(matrix[0, 0]) ** 2 / np.linalg.norm(matrix[:, 0]) ** 2)

    def gradient(function: Callable[[np.ndarray], float]) -> np.ndarray:
        """With real and imaginary part of each entry as two numbers."""
        found = np.zeros((2, 2), complex)
        for place in np.ndindex(2, 2):
            for unit in (1, 1j):
                step = np.zeros((2, 2), complex)
                step[place] = 1e-6 * unit
                found[place] += unit * (function(point + step) - function(point - step)) / 2e-6
        return found

    one, two = gradient(weight), gradient(ratio)
    np.testing.assert_allclose(projected("QubitUnitary", point, one), projected("QubitUnitary", point, two), atol=1e-8)
    turn = random_hermitian(2, draws)
    slope = (weight(point @ expm(1e-6j * turn)) - weight(point @ expm(-1e-6j * turn))) / 2e-6
    assert np.vdot(projected("QubitUnitary", point, one), point @ (1j * turn)).real == pytest.approx(slope, abs=1e-7)


# --- which parameters are on a surface --------------------------------------------------------------------------------


def changes(circuit: Circuit, *gradients: np.ndarray) -> list[bool]:
    found = tangential(circuit, gradients)
    return [not np.array_equal(after, before) for after, before in zip(found, gradients)]


STATE = np.array([0.6, 0.8])
TURN = np.array([[0.6, -0.8], [0.8, 0.6]])
HERMITIAN = np.array([[1.0, 2.0], [2.0, -1.0]])


@pytest.mark.parametrize(
    ("name", "point"),
    [
        *((name, STATE) for name in sorted(AMPLITUDES)),
        *((name, TURN) for name in sorted(UNITARY_MATRICES)),
        *((name, HERMITIAN) for name in sorted(HERMITIAN_MATRICES)),
    ],
)
def test_each_operator_that_promises_a_surface_is_held_to_it(name: str, point: np.ndarray) -> None:
    assert changes(holding(name, point), np.array([[1.0, 2.0], [3.0, 4.0]])[: len(point)] if point.ndim == 2 else np.ones(2)) == [True]


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("RX", np.array(0.3)),
        ("Rot", STATE),
        ("Rot", TURN),
        ("StatePrep", np.array([0.6, 0.9])),
        ("QubitUnitary", 1.001 * TURN),
        ("Hermitian", TURN),
        ("StatePrep", np.array([1, 0])),
        ("QubitUnitary", np.ones((2, 3))),
        ("StatePrep", np.array(1.0)),
    ],
    ids=["angle", "angles", "matrix of another", "no state", "no unitary", "no Hermitian", "integers", "not square", "scalar"],
)
def test_a_parameter_that_is_on_no_surface_is_left_alone(name: str, point: np.ndarray) -> None:
    gradient = np.arange(point.size, dtype=float).reshape(point.shape) + 0.5
    assert changes(holding(name, point), gradient) == [False]


def test_of_the_coefficient_in_an_exponent_only_the_imaginary_part_is_free() -> None:
    point = np.array(0.7j)
    assert projected("Exp", point, np.array(0.3 - 0.2j)) == -0.2j
    assert projected("Exp", point, np.array(0.3)) == 0.0
    assert projected("Exp", np.array(0.1 + 0.7j), np.array(0.3 - 0.2j)) == 0.3 - 0.2j
    moved = nudged(holding("Exp", point), 0.3, np.random.default_rng(1))[0]
    assert moved.real == 0.0


def test_an_exponential_that_is_left_out_is_on_no_surface_and_one_whose_coefficient_turns_real_leaves_it() -> None:
    exponential, real = holding("Exp", np.array(0.7j)), holding("Exp", np.array(0.7 + 0.1j))
    assert not leaves_a_surface(exponential, holding("RX", np.array(0.3)))
    assert leaves_a_surface(exponential, real)


def test_single_precision_is_close_enough_to_the_surface() -> None:
    assert changes(holding("StatePrep", np.array([0.6, 0.8], "float32")), np.ones(2, "float32")) == [True]


def test_a_gradient_of_single_precision_stays_one() -> None:
    found = projected("StatePrep", np.array([0.6, 0.8], "float32"), np.array([1, 2], "float32"))
    assert found.dtype == np.float32


def test_gradients_of_several_outputs_are_projected_each() -> None:
    """The last axes are the parameter's, those in front the output's."""
    draws = np.random.default_rng(0)
    gradient = draws.standard_normal((3, 5, 2))
    found = projected("StatePrep", STATE, gradient)
    for place in np.ndindex(3, 5):
        np.testing.assert_allclose(found[place], projected("StatePrep", STATE, gradient[place]), atol=1e-15)


def test_a_batch_of_states_is_projected_row_by_row() -> None:
    points = np.array([[0.6, 0.8], [1.0, 0.0]])
    gradient = np.array([[1.0, 1.0], [1.0, 1.0]])
    found = projected("AmplitudeEmbedding", points, gradient)
    for row in range(2):
        np.testing.assert_allclose(found[row], projected("AmplitudeEmbedding", points[row], gradient[row]))


def test_a_nan_in_a_gradient_stays_where_it_is_and_spoils_nothing_beside() -> None:
    found = projected("StatePrep", STATE, np.array([np.nan, 1.0]))
    assert np.isnan(found[0])
    assert np.isfinite(found[1])


def test_an_empty_gradient_is_handed_on() -> None:
    gradient = np.zeros((0, 2))
    assert changes(holding("StatePrep", STATE), gradient) == [False]


def test_only_trainable_parameters_have_a_gradient_and_each_its_own_surface() -> None:
    state = Node("StatePrep", (Parameter(STATE, "torch", True),), None, (0,))
    fixed = Node("StatePrep", (Parameter(STATE, "torch", False),), None, (1,))
    angle = Node("RX", (Parameter(np.array(0.3), "torch", True),), None, (0,))
    observed = Node("ExpectationMP", (Node("Hermitian", (Parameter(HERMITIAN, "torch", True),), None, (0,)),), None, (0,))
    circuit = Circuit((state, fixed, angle), (observed,))
    assert changes(circuit, np.ones(2), np.array(1.0), np.array([[0.0, 1.0], [0.0, 0.0]])) == [True, False, True]


def test_the_operator_that_holds_the_numbers_decides_however_deep_it_sits() -> None:
    inner = Node("QubitUnitary", (Parameter(TURN, "torch", True),), None, (1,))
    wrapped = Node("Adjoint", (inner,), Mapping((("wires", Wires((1,))),)), (1,))
    assert changes(Circuit((wrapped,), ()), np.array([[1.0, 0.0], [0.0, 0.0]])) == [True]
    # numbers that the wrapper itself holds are not the inner operator's
    beside = Node("Adjoint", (Node("QubitUnitary", (), None, (1,)), Parameter(TURN, "torch", True)), None, (1,))
    assert changes(Circuit((beside,), ()), np.array([[1.0, 0.0], [0.0, 0.0]])) == [False]


@pytest.mark.parametrize(("name", "make"), [pair for pair in SURFACES if pair[0] != "DiagonalQubitUnitary"])
@settings(max_examples=25)
@given(SIZES, SEEDS)
def test_a_complex_point_has_a_real_one_of_its_kind(name: str, make: Point, size: int, seed: int) -> None:
    (found,) = with_real_points(holding(name, make(size, np.random.default_rng(seed)))).values()
    assert found.dtype == np.float64
    assert is_kept(name, found)


def test_where_a_complex_number_lives_on_no_surface_nothing_is_made_real() -> None:
    free = Node("Exp", (Parameter(np.array(0.3j), "torch", True),), None, (1,))
    matrix = Node("QubitUnitary", (Parameter(TURN * 1j, "torch", True),), None, (0,))
    assert with_real_points(Circuit((matrix, free), ())) == {}
    assert list(with_real_points(Circuit((matrix,), ()))) == [0]
    assert with_real_points(holding("QubitUnitary", TURN)) == {}
