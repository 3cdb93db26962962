"""The tensors of two evaluations in pairs: in which order, under which names, and how small their scale may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.comparison.ill_conditioning import Spread
from qdiag.judging.comparison.tensor_pairs import Cotangents, Tensor, tensors_of
from qdiag.model.circuit import Circuit
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.node import Node
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES
from tests.worlds.small_circuits import circuit, expval, gate, probs

TWO = circuit(gate("RX", 0.4, trainable=True), gate("Rot", 0.1, 0.2, 0.3, trainable=True), measured=(expval(gate("PauliZ")), probs(0)))
OUTPUTS = (np.array(0.5), np.array([0.25, 0.75]))
ROW = tuple(np.array(float(k)) for k in range(4))
ROWS = tuple(np.full(2, float(k)) for k in range(4))


def whole(**changes: Any) -> Evaluation:
    made = Evaluation(BACKPROP, OUTPUTS, vjps=(ROW, ROW), jacobian=(ROW, ROWS), hvp=ROW, norms=(2.0, 1.0))
    return replace(made, **changes)


def pairs(
    a: Evaluation | None = None,
    b: Evaluation | None = None,
    of: Circuit = TWO,
    spread: Spread = Spread(),  # noqa: B008
    cotangents: Cotangents = (),
) -> list[Tensor]:
    return list(tensors_of(a or whole(), b or whole(method=ADJOINT), of, spread, cotangents))


def test_outputs_come_first_then_jacobians_products_and_second_derivatives() -> None:
    kinds = [tensor.where for tensor in pairs()]
    assert kinds == ["output"] * 2 + ["jacobian"] * 8 + ["vjp"] * 8 + ["second-derivative"] * 4


def test_a_state_vector_is_not_held_against_the_density_matrix_that_another_device_gives_of_it() -> None:
    vector, matrix = np.array([0.6, 0.8j]), np.outer([0.6, 0.8j], [0.6, -0.8j])
    alone = circuit(gate("RX", 0.4, trainable=True), measured=(Node("StateMP"),))
    one, other = (whole(outputs=(state,), vjps=(), jacobian=((state,),), hvp=None) for state in (vector, matrix))
    assert pairs(one, other, of=alone) == pairs(other, one, of=alone) == []
    assert len(pairs(one, one, of=alone)) == 2


def test_each_tensor_knows_what_its_elements_are_called() -> None:
    found = pairs()
    assert str(found[0].at(())) == "output[0]"
    assert str(found[1].at((1,))) == "output[1][1]"
    assert str(found[2].at(())) == "d output[0] / d RX#0"
    assert str(found[3].at(())) == "d output[0] / d Rot#0:0"
    assert str(found[6].at((1,))) == "d output[1][1] / d RX#0"
    assert str(found[10].at(())) == "d loss / d RX#0"
    assert str(found[18].at(())) == "d slope / d RX#0"


def test_a_parameter_that_is_an_array_has_its_own_index() -> None:
    wide = circuit(gate("Layer", np.zeros((2, 3)), trainable=True), measured=(probs(0),))
    rows = ((np.zeros((2, 2, 3)),),)
    found = pairs(
        whole(outputs=(np.zeros(2),), jacobian=rows, vjps=(), hvp=None),
        whole(outputs=(np.zeros(2),), jacobian=rows, vjps=(), hvp=None),
        wide,
    )
    assert str(found[1].at((1, 0, 2))) == "d output[1] / d Layer#0[0, 2]"


def test_products_are_numbered_where_there_are_more_than_the_own_and_the_random_one() -> None:
    three = whole(vjps=(ROW, ROW, ROW))
    names = [str(tensor.at(())) for tensor in pairs(three, three) if tensor.where == "vjp"]
    assert names[::4] == ["d loss 0 / d RX#0", "d loss 1 / d RX#0", "d loss 2 / d RX#0"]


def test_only_what_both_have_is_compared() -> None:
    assert [tensor.where for tensor in pairs(b=whole(vjps=(), jacobian=None, hvp=None))] == ["output"] * 2
    assert pairs(b=whole(outputs=None, vjps=(), jacobian=None, hvp=None)) == []
    assert [tensor.where for tensor in pairs(b=whole(vjps=(ROW,), jacobian=None, hvp=None))] == ["output"] * 2 + ["vjp"] * 4


def test_second_derivatives_of_finite_differences_are_not_compared() -> None:
    assert "second-derivative" not in {tensor.where for tensor in pairs(b=whole(method=DIFFERENCES))}


@pytest.mark.parametrize("name", ["SampleMP", "CountsMP"])
def test_raw_samples_and_their_derivatives_are_left_out(name: str) -> None:
    sampled = replace(TWO, measurements=(Node(name), TWO.measurements[1]))
    found = pairs(of=sampled)
    assert [str(tensor.at(())) for tensor in found if tensor.where == "output"] == ["output[1]"]
    assert {tensor.element.output for tensor in found if tensor.where == "jacobian"} == {1}


# --- how small a scale may be -----------------------------------------------------------------------------------------


def floors(where: str, found: list[Tensor]) -> list[float]:
    return [tensor.floor for tensor in found if tensor.where == where]


def test_outputs_and_jacobians_are_measured_against_the_norm_of_their_observable() -> None:
    assert floors("output", pairs()) == [2.0, 1.0]
    assert floors("jacobian", pairs()) == [2.0] * 4 + [1.0] * 4


def test_of_two_norms_the_larger_counts_and_where_there_is_none_it_is_one() -> None:
    assert floors("output", pairs(b=whole(norms=(3.0,)))) == [3.0, 1.0]
    assert floors("output", pairs(whole(norms=()), whole(norms=(0.0, 0.0)))) == [1.0, 1.0]


def test_products_are_measured_against_what_their_loss_could_be() -> None:
    cotangents = ((np.array(0.5), np.array([1.0, -3.0])), (None, np.array([0.25, 0.0])))
    assert floors("vjp", pairs(cotangents=cotangents)) == [0.5 * 2 + 4 * 1.0] * 4 + [0.25] * 4


@pytest.mark.parametrize("cotangents", [(), ((None, None), (None, None))])
def test_a_loss_that_is_not_known_may_be_all_norms_together(cotangents: Cotangents) -> None:
    assert floors("vjp", pairs(cotangents=cotangents)) == [3.0] * 8
    assert floors("second-derivative", pairs(cotangents=cotangents)) == [3.0] * 4


def test_each_tensor_has_its_own_spread_and_none_where_it_is_not_known() -> None:
    spread = Spread((0.1, 0.2), ((0.3, 0.4),), ((0.5,),))
    found = pairs(spread=spread)
    by = {where: [tensor.spread for tensor in found if tensor.where == where] for where in ("output", "jacobian", "vjp")}
    assert by["output"] == [0.1, 0.2]
    assert by["jacobian"] == [0.3, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert by["vjp"] == [0.5] + [0.0] * 7


def test_gradients_are_compared_along_the_surface_of_their_parameter() -> None:
    """Off the sphere two methods may say what they like of amplitudes."""
    prepared = circuit(gate("StatePrep", [0.6, 0.8], trainable=True))
    inward, outward = np.array([0.8, -0.6]), np.array([0.6, 0.8])
    one, two = (Evaluation(BACKPROP, (np.array(0.5),), vjps=((inward + k * outward,),)) for k in (0, 7))
    (_, product) = pairs(one, two, prepared)
    np.testing.assert_allclose(product.a, product.b, atol=1e-12)
    np.testing.assert_allclose(product.a, inward)


@pytest.mark.parametrize(
    ("kind", "axes", "index", "called"),
    [
        (Kind.OUTPUT, 2, (2, 0), "output[2, 0]"),
        (Kind.JACOBIAN, 0, (2,), "d output / d RX#0[2]"),
        (Kind.JACOBIAN, 1, (2,), "d output[2] / d RX#0"),
        (Kind.JACOBIAN, 1, (2, 0, 1), "d output[2] / d RX#0[0, 1]"),
        (Kind.JACOBIAN, 1, (), "d output / d RX#0"),
        (Kind.PRODUCT, 0, (1,), "d loss / d RX#0[1]"),
    ],
)
def test_an_index_is_the_outputs_first_and_then_the_parameters(kind: Kind, axes: int, index: tuple[int, ...], called: str) -> None:
    blank = np.zeros(())
    assert str(Tensor(Element(kind, by="RX#0"), blank, blank, axes, 1.0, 0.0).at(index)) == called
