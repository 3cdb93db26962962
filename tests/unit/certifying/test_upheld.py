"""Whether a derivative that seems wrong is wrong by numerical differentiation, too: with a QNode that is a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qdiag.certifying.upheld import NOWHERE, Ask, beside_slopes, slopes_of
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import PLAIN
from tests.worlds.small_circuits import circuit, gate

Formula = Callable[[np.ndarray], float]
WEIGHT = (np.array(2.0),)


def plain(*angles: float) -> Request:
    made = circuit(*(gate("RX", angle, trainable=True) for angle in angles))
    return Request(made, PLAIN)


def qnode(formula: Formula) -> Callable[[Request], Evaluation]:
    def ask(request: Request) -> Evaluation:
        return Evaluation(PLAIN, (np.array(formula(angles(request.circuit))),))

    return ask


def angles(made: Circuit) -> np.ndarray:
    return np.array([float(parameter.value) for parameter in made.parameters])


def product(*slopes: float) -> Evaluation:
    return Evaluation(replace(PLAIN, diff_method="adjoint"), vjps=(tuple(np.array(slope) for slope in slopes),))


def doubt_of(found: Evaluation, at: Request, weight: tuple[np.ndarray, ...], bound: float, ask: Ask) -> str:
    return beside_slopes(found, at, weight, bound, ask)[0]


def cosines(x: np.ndarray) -> float:
    return float(np.cos(x[0]) * np.sin(x[1]))


def slopes(x: float, y: float) -> tuple[float, float]:
    return -2 * np.sin(x) * np.sin(y), 2 * np.cos(x) * np.cos(y)


def test_slopes_are_those_of_the_formula_and_their_error_is_small() -> None:
    found = slopes_of(plain(0.3, 0.8), WEIGHT, qnode(cosines))
    assert found is not None
    np.testing.assert_allclose(found.values, slopes(0.3, 0.8), atol=1e-9)
    assert np.max(found.errors) < 1e-5
    assert not found.kinks.any()


def test_a_dropped_gradient_is_upheld() -> None:
    assert doubt_of(product(0.0, slopes(0.3, 0.8)[1]), plain(0.3, 0.8), WEIGHT, 1e-12, qnode(cosines)) == ""


def test_a_gradient_that_is_the_qnodes_own_is_not() -> None:
    words = doubt_of(product(*slopes(0.3, 0.8)), plain(0.3, 0.8), WEIGHT, 1e-12, qnode(cosines))
    assert words == "numerical differentiation of the QNode itself gives the same"


def test_neither_is_what_rounding_explains() -> None:
    x, y = slopes(0.3, 0.8)
    assert doubt_of(product(x + 1e-4, y), plain(0.3, 0.8), WEIGHT, 2e-4, qnode(cosines))
    assert not doubt_of(product(x + 1e-4, y), plain(0.3, 0.8), WEIGHT, 1e-7, qnode(cosines))


def test_at_a_kink_nobody_is_wrong() -> None:
    found = doubt_of(product(2.0), plain(0.0), WEIGHT, 1e-12, qnode(lambda x: float(abs(x[0]))))
    assert found.startswith("a kink")


def test_a_curved_point_is_no_kink() -> None:
    assert doubt_of(product(2.0), plain(0.0), WEIGHT, 1e-12, qnode(lambda x: float(50 * x[0] ** 2))) == ""


def test_where_the_qnode_gives_no_numbers_nothing_is_upheld() -> None:
    assert "no numbers" in doubt_of(product(1.0), plain(0.3), WEIGHT, 1e-12, qnode(lambda x: float("nan")))


def test_no_number_is_upheld_where_the_qnode_has_a_slope() -> None:
    assert doubt_of(product(float("nan")), plain(0.3), WEIGHT, 1e-12, qnode(lambda x: float(np.sin(x[0])))) == ""


@pytest.mark.parametrize("found", [Evaluation(PLAIN), product(1.0, 2.0)])
def test_what_has_no_product_is_doubted_and_a_gradient_of_another_shape_is_not(found: Evaluation) -> None:
    words = doubt_of(found, plain(0.3), WEIGHT, 1e-12, qnode(lambda x: float(np.sin(x[0]))))
    assert bool(words) is not bool(found.vjps)


# --- what can be moved along a surface alone ------------------------------------------------------------------------------------------


STATE = Request(circuit(gate("StatePrep", [0.6, 0.8], trainable=True), gate("RX", 0.3, trainable=True)), PLAIN)


def normalized(request: Request) -> Evaluation:
    """A QNode that takes amplitudes of length one alone."""
    amplitudes, angle = (parameter.value for parameter in request.circuit.parameters)
    if abs(float(np.linalg.norm(amplitudes)) - 1) > 1e-9:
        return Evaluation(PLAIN, failure=Failure("ValueError", "not normalized"))
    return Evaluation(PLAIN, (np.array(float(amplitudes[0] * np.sin(angle))),))


def gradient(at: tuple[float, float], angle: float) -> Evaluation:
    return Evaluation(PLAIN, vjps=((np.array(at), np.array(angle)),))


def test_amplitudes_are_moved_along_the_sphere() -> None:
    slopes = slopes_of(STATE, WEIGHT, normalized)
    assert slopes is not None
    assert slopes.directions.shape == (2, 3)
    np.testing.assert_allclose(np.abs(slopes.values), [2 * 0.8 * np.sin(0.3), 2 * 0.6 * np.cos(0.3)], atol=1e-8)


@pytest.mark.parametrize(
    ("amplitudes", "upheld"),
    [((2 * np.sin(0.3), 0.0), False), ((2 * np.sin(0.3) + 0.6, 0.8), False), ((0.0, 0.0), True), ((np.nan, np.nan), True)],
)
def test_a_gradient_of_amplitudes_counts_along_the_sphere_alone(amplitudes: tuple[float, float], upheld: bool) -> None:
    """What a gradient has across the sphere means nothing: (0.6, 0.8) is the state itself."""
    words = doubt_of(gradient(amplitudes, 1.2 * np.cos(0.3)), STATE, WEIGHT, 1e-9, normalized)
    assert (words == "") is upheld


def test_a_qnode_that_gives_nothing_nearby_says_nothing() -> None:
    nowhere = Evaluation(PLAIN, failure=Failure("ValueError", "not there"))
    assert doubt_of(gradient((0.0, 0.0), 0.0), STATE, WEIGHT, 1e-9, lambda request: nowhere) == NOWHERE
