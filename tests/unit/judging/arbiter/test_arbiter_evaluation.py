"""The reference in the form of an evaluation: Jacobians and products of its slopes, in the interface's convention."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qdiag.judging.arbiter.arbiter import evaluation, no_evaluation
from qdiag.model.circuit import Circuit
from qdiag.model.method import ARBITER
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from tests.worlds import plain_steps, small_circuits
from tests.worlds.dense import random_hermitian, random_unitary
from tests.worlds.small_circuits import Z, expval, gate, probs


@pytest.fixture(autouse=True)
def no_pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_steps.without_pennylane(monkeypatch)


def of(*operations: Node, measured: tuple[Node, ...] = (expval(Z),)) -> Circuit:
    return small_circuits.circuit(*operations, measured=measured)


def trained(name: str, value: object) -> Node:
    return gate(name, value, trainable=True)


TWO = of(trained("RX", 0.4), gate("RZ", 0.2), trained("RY", 0.7), measured=(expval(Z), probs(0)))


def shifted_slopes() -> tuple[float, float]:
    """Two evaluations half a turn apart: exact for rotations, and a rule that the reference knows nothing of."""
    turn = math.pi / 2
    up, down, right, left = (
        float(value(a, b)) for a, b in ((0.4 + turn, 0.7), (0.4 - turn, 0.7), (0.4, 0.7 + turn), (0.4, 0.7 - turn))
    )
    return (up - down) / 2, (right - left) / 2


def value(a: float, b: float) -> np.ndarray:
    found = evaluation(of(trained("RX", a), gate("RZ", 0.2), trained("RY", b)), jacobian=False)
    assert found.outputs is not None
    return found.outputs[0]


def test_it_has_outputs_and_a_jacobian_for_each_of_them_and_each_trainable_parameter() -> None:
    found = evaluation(TWO)
    assert found.method == ARBITER
    assert found.outputs is not None
    assert found.jacobian is not None
    assert [output.shape for output in found.outputs] == [(), (2,)]
    assert [[part.shape for part in row] for row in found.jacobian] == [[(), ()], [(2,), (2,)]]
    np.testing.assert_allclose([float(part) for part in found.jacobian[0]], shifted_slopes(), atol=1e-9)
    # the probability of 0 is (1 + mean) / 2
    for mean, row in zip(found.jacobian[0], found.jacobian[1]):
        np.testing.assert_allclose(row, [mean / 2, -mean / 2], atol=1e-9)


def test_products_are_the_weighted_sum_of_the_jacobian() -> None:
    cotangents = ((np.array(2.0), np.array([1.0, -3.0])), (None, np.array([0.5, 0.5])))
    found = evaluation(TWO, cotangents)
    assert found.jacobian is not None
    for cotangent, products in zip(cotangents, found.vjps):
        for k, product in enumerate(products):
            parts = [np.sum(c * row[k]) for c, row in zip(cotangent, found.jacobian) if c is not None]
            assert float(product) == pytest.approx(float(sum(parts)), abs=1e-12)


def test_products_alone_bring_no_jacobian() -> None:
    found = evaluation(TWO, ((np.array(1.0), None),), jacobian=False)
    assert found.jacobian is None
    assert len(found.vjps) == 1


def test_without_derivatives_only_outputs_are_worked_out() -> None:
    found = evaluation(TWO, jacobian=False)
    assert (found.jacobian, found.vjps) == (None, ())
    assert found.outputs is not None


def test_an_array_has_its_own_axes_behind_the_outputs() -> None:
    layer = Node("Rot", (Parameter(np.array(0.3), "torch", True), *gate("x", 0.1, 0.2).data), (Wires((0,)), ()), (0,))
    found = evaluation(of(layer, measured=(probs(0),)))
    assert found.jacobian is not None
    assert [[part.shape for part in row] for row in found.jacobian] == [[(2,)]]


UNITARY, HERMITIAN = random_unitary(2, np.random.default_rng(5)), random_hermitian(2, np.random.default_rng(6))
TURNED = of(
    Node("QubitUnitary", (Parameter(UNITARY, "torch", True),), (Wires((0,)), ()), (0,)),
    measured=(expval(gate("Hermitian", HERMITIAN, dtype="complex128")),),
)


def test_a_complex_parameters_gradient_is_the_slope_along_the_real_part_plus_i_times_that_along_the_imaginary_one() -> None:
    """Here along the unitaries."""
    found = evaluation(TURNED)
    assert found.jacobian is not None
    gradient = found.jacobian[0][0]
    free = 2 * HERMITIAN @ np.outer(UNITARY[:, 0], [1, 0])
    inward = UNITARY.conj().T @ free
    np.testing.assert_allclose(gradient, UNITARY @ (inward - inward.conj().T) / 2, atol=1e-8)


def test_what_cannot_be_judged_is_no_number() -> None:
    loose = Node("Twice", (Parameter(np.eye(2) / 2, "torch", True),), (Wires((0,)), ()), (0,))
    found = evaluation(of(loose, trained("RX", 0.4)))
    assert found.jacobian is not None
    assert np.isnan(found.jacobian[0][0]).all()
    assert float(found.jacobian[0][1]) == pytest.approx(-math.sin(0.4))
    assert any("leave what physics allows" in note for note in found.notes)


def test_where_every_axis_takes_too_long_there_is_no_jacobian() -> None:
    found = evaluation(TWO, seconds=0.0)
    assert found.outputs is not None
    assert (found.jacobian, found.vjps) == (None, ())
    assert any("takes" in note for note in found.notes)


def test_where_there_is_no_reference_the_failure_says_why() -> None:
    found = evaluation(of(gate("Mystery")))
    assert found.failure is not None
    assert (found.failure.type, found.failure.message, found.failure.refusal) == ("NotSimulated", "Mystery cannot be taken apart", True)
    assert found.seconds > 0
    assert no_evaluation("14 wires").failure is not None
