"""What ill-conditioning explains: points a rounding error apart, and how far a reference moves between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.judging.comparison.ill_conditioning import Spread, perturbed_circuits, spread_of
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from tests.worlds.methods import BACKPROP
from tests.worlds.small_circuits import circuit, gate

EPS = 1e-3


def at(output: float, gradient: float = 0.0) -> Evaluation:
    return Evaluation(
        BACKPROP,
        (np.array(output), np.array([0.0, 2 * output])),
        vjps=((np.array(gradient), np.array([gradient, 0.0])),),
        jacobian=((np.array(gradient),), (np.array([gradient, 3 * gradient]),)),
    )


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=5))
def test_a_spread_is_the_largest_distance_between_any_two_points(points: list[tuple[float, float]]) -> None:
    outputs, gradients = zip(*points)
    wide, steep = max(outputs) - min(outputs), max(gradients) - min(gradients)
    found = spread_of([at(*point) for point in points])
    assert found.outputs == pytest.approx((wide, 2 * wide))
    assert found.vjps[0] == pytest.approx((steep, steep))
    assert [row[0] for row in found.jacobian] == pytest.approx([steep, 3 * steep])


def test_failed_points_and_those_without_numbers_are_left_out() -> None:
    failed = replace(at(100.0), failure=Failure("ValueError", "no"))
    lost = Evaluation(BACKPROP, (np.array(np.nan), np.array([0.0, 9.0])), vjps=at(0.0).vjps, jacobian=at(0.0).jacobian)
    found = spread_of([at(1.0), failed, at(2.0), lost, Evaluation(BACKPROP)])
    assert found.outputs == pytest.approx((1.0, 7.0))


def test_points_of_another_shape_are_left_out() -> None:
    odd = replace(at(5.0), outputs=(np.array([5.0, 6.0]), np.array([0.0, 3.0])))
    assert spread_of([at(1.0), odd, at(1.5)]).outputs == pytest.approx((0.5, 1.0))


def test_points_without_a_jacobian_leave_it_to_the_others() -> None:
    found = spread_of([at(1.0, 1.0), replace(at(1.0, 5.0), jacobian=None), at(1.0, 2.0)])
    assert found.jacobian[0] == pytest.approx((1.0,))
    assert found.vjps[0][0] == pytest.approx(4.0)


@pytest.mark.parametrize("points", [[], [at(1.0)], [Evaluation(BACKPROP)]])
def test_fewer_than_two_points_have_no_spread(points: list[Evaluation]) -> None:
    found = spread_of(points)
    assert set(found.outputs) <= {0.0}
    assert spread_of([]) == Spread()


def test_complex_numbers_are_apart_by_their_modulus() -> None:
    one, two = (replace(at(0.0), outputs=(np.array(z),)) for z in (1 + 1j, 4 + 5j))
    assert spread_of([one, two]).outputs == pytest.approx((5.0,))


def test_what_is_no_number_has_no_spread() -> None:
    one, two = (replace(at(0.0), outputs=(np.array(text),)) for text in ("00", "11"))
    assert spread_of([one, two]).outputs == (0.0,)


# --- points -----------------------------------------------------------------------------------------------------------


def everything() -> Circuit:
    return circuit(
        gate("RX", 0.25, dtype="float32", trainable=True),
        gate("RY", [100.0, 0.0], trainable=True),
        gate("RZ", 0.5),
        Node("U", (Parameter(np.eye(2, dtype=complex), "torch", True), Parameter(np.array(3)))),
    )


@given(st.integers(0, 1000))
def test_each_number_moves_by_eps_times_its_size_and_by_eps_where_it_is_small(seed: int) -> None:
    wide = [p.value.astype("float64") for p in everything().parameters[:3]]
    for point in perturbed_circuits(everything(), EPS, 3, seed):
        moved = [np.abs(p.value - value) for p, value in zip(point.parameters, wide)]
        np.testing.assert_allclose(moved[0], EPS)
        np.testing.assert_allclose(moved[1], [100 * EPS, EPS])
        np.testing.assert_allclose(moved[2], EPS)


def test_points_are_in_double_precision_and_matrices_and_whole_numbers_stay() -> None:
    (point,) = perturbed_circuits(everything(), EPS, 1, 0)
    assert [p.value.dtype.name for p in point.parameters] == ["float64", "float64", "float64", "complex128", "int64"]
    np.testing.assert_array_equal(point.parameters[3].value, np.eye(2))
    assert point.parameters[4].value == 3


def test_points_differ_from_each_other_and_the_same_seed_gives_the_same() -> None:
    def rows(seed: int) -> list[list[float]]:
        points = perturbed_circuits(everything(), EPS, 4, seed)
        return [[float(x) for p in point.parameters[:3] for x in np.ravel(p.value)] for point in points]

    assert rows(3) == rows(3)
    assert len({tuple(row) for row in rows(3)}) > 1


def test_data_may_be_left_where_it_is() -> None:
    for point in perturbed_circuits(everything(), EPS, 4, 0, only_trainable=True):
        assert point.parameters[2].value == 0.5
        assert point.parameters[0].value != 0.25


def test_what_is_trainable_stays_trainable() -> None:
    (point,) = perturbed_circuits(everything(), EPS, 1, 0)
    assert point.trainable == everything().trainable
