"""Whether a derivative that seems wrong is wrong by numerical differentiation, too: with a QNode that is a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qdiag.certifying.upheld import doubt_of, slopes_of
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
