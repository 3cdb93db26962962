"""How operations move by the laws of our own table is how their steps move by differences."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.matrices import operator_matrices
from qdiag.bridges.matrices.step_slopes import slopes
from qdiag.model.numerics.derivative import derivative
from tests.bridge.instances import MODERN

pytestmark = pytest.mark.stack

if not MODERN:
    pytest.skip("operations are wrapped otherwise there", allow_module_level=True)

LAWFUL = {
    "a turn": lambda a: qml.RX(a, 0),
    "three angles": lambda a, b, c: qml.Rot(a, b, c, 0),
    "U2": lambda a, b: qml.U2(a, b, 0),
    "U3": lambda a, b, c: qml.U3(a, b, c, 0),
    "an excitation": lambda a: qml.DoubleExcitationPlus(a, [0, 1, 2, 3]),
    "a global phase": lambda a: qml.GlobalPhase(a, 0),
    "a parity": lambda a: qml.MultiRZ(a, [0, 1, 2]),
    "a Pauli word": lambda a: qml.PauliRot(a, "XIY", [0, 1, 2]),
    "a projector's phase": lambda a: qml.PCPhase(a, 3, [0, 1]),
    "an inverse": lambda a, b, c: qml.adjoint(qml.Rot(a, b, c, 0)),
    "a controlled inverse": lambda a: qml.ctrl(qml.adjoint(qml.IsingXY(a, [0, 1])), 2),
    "a controlled gate": lambda a: qml.ctrl(qml.MultiRZ(a, [0, 1]), [2, 3], control_values=[1, 0]),
    "an inverse of what is controlled": lambda a: qml.adjoint(qml.ctrl(qml.PSWAP(a, [0, 1]), 2)),
}


@pytest.mark.parametrize("make", LAWFUL.values(), ids=LAWFUL)
def test_by_law_a_gate_moves_as_by_differences(make):
    draws = np.random.default_rng(7)
    count = make.__code__.co_argcount
    point, rates = draws.uniform(-3, 3, count), draws.uniform(-1, 1, count)

    def numbers(angles):
        return np.concatenate([step.matrix.reshape(-1) for step in operator_matrices.steps(make(*angles))]).view(np.float64)

    found = slopes(make(*point), list(rates))
    steps = operator_matrices.steps(make(*point))
    assert [step.wires for step in found] == [step.wires for step in steps]
    expected = derivative(numbers, point, rates).value
    np.testing.assert_allclose(np.concatenate([s.matrix.reshape(-1) for s in found]).view(np.float64), expected, atol=1e-9)


def test_a_matrix_moves_as_its_numbers_do():
    step = np.array([[0, 1j], [1j, 0]])
    found = slopes(qml.QubitUnitary(np.eye(2), 0), [step])
    assert found is not None
    np.testing.assert_array_equal(found[0].matrix, step)


@pytest.mark.parametrize(
    "operator",
    [
        qml.pow(qml.RX(0.3, 0), 0.5),
        qml.AngleEmbedding([0.1, 0.2], [0, 1]),
        qml.AmplitudeDamping(0.1, 0),
        qml.adjoint(qml.pow(qml.RX(0.3, 0), 0.5)),
        qml.ctrl(qml.pow(qml.RX(0.3, 0), 0.5), 1),
    ],
    ids=lambda operator: operator.name,
)
def test_what_has_no_law_is_left_to_differences(operator):
    assert slopes(operator, [np.ones(np.shape(number)) for number in operator.data]) is None


def test_a_class_that_is_not_pennylanes_has_no_law():
    class RX(qml.RX):
        """A user's own."""

    assert slopes(RX(0.3, 0), [1.0]) is None
