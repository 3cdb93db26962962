"""Our own matrices are PennyLane's wherever PennyLane has one, for every operator that it ships."""

from __future__ import annotations

import contextlib
import inspect

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.matrices import channels, cross_examination, operator_matrices
from qdiag.bridges.matrices.node_steps import rows
from qdiag.model.numerics.states import NotSimulated
from qdiag.model.operator_families import EXPONENTIALS
from tests.bridge.instances import MODERN, operators

pytestmark = pytest.mark.stack

MOST_WIRES = 6
UNKNOWN = {"PhaseAdder"}
"""What needs wires beyond its own: not simulated by itself."""

SMALL = [i for i in operators() if len(i.operator.wires) <= MOST_WIRES and (MODERN or "batch" not in i.label)]
UNITARY = [i for i in SMALL if i.kind not in UNKNOWN and operator_matrices.own_matrix(rows(i.operator)[0]) is not None]
NOISE = [i for i in SMALL if isinstance(i.operator, qml.operation.Channel) and "rit" not in i.kind]


@pytest.mark.parametrize("instance", UNITARY, ids=lambda instance: instance.label)
def test_the_product_of_elementary_factors_is_the_matrix(instance):
    operator = rows(instance.operator)[0]
    ours, theirs = operator_matrices.matrix_of(operator), operator_matrices.own_matrix(operator)
    if instance.kind == "GroverOperator" and np.allclose(ours, -theirs):
        theirs = -theirs  # up to 0.34 its matrix and its decomposition differ by that sign
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_most_of_pennylanes_operations_have_been_compared():
    assert len(UNITARY) > (100 if MODERN else 40)


@pytest.mark.parametrize("instance", NOISE, ids=lambda instance: instance.label)
def test_a_channel_is_pennylanes_channel(instance):
    known = channels.channel(instance.operator)
    assert known is not None
    weights, ours = known
    kraus = instance.operator.kraus_matrices
    theirs = [np.asarray(matrix) for matrix in (kraus() if callable(kraus) else kraus)]
    ours_as_one, theirs_as_one = sum(w * np.kron(k, k.conj()) for w, k in zip(weights, ours)), sum(np.kron(k, k.conj()) for k in theirs)
    np.testing.assert_allclose(ours_as_one, theirs_as_one, atol=1e-12)


COMPOSITE = (
    lambda: qml.ctrl(qml.pow(qml.RX(0.0, 1), 2), 0),
    lambda: qml.pow(qml.ctrl(qml.RX(0.3, 1), [0, 2]), 3),
    lambda: qml.exp(qml.PauliX(0) @ qml.PauliY(1), -0.15j),
    lambda: qml.adjoint(qml.Rot(0.1, 0.2, 0.3, 0)),
    lambda: qml.prod(qml.CNOT([0, 1]), qml.RZ(0.3, 1)),
    lambda: qml.ctrl(qml.GlobalPhase(0.3), 0),
    lambda: qml.ctrl(qml.MultiRZ(0.3, [1, 2]), 0, control_values=[0]),
    lambda: qml.pow(qml.RX(0.3, 0), -2),
)


@pytest.mark.skipif(not MODERN, reason="these classes are of later versions")
@pytest.mark.parametrize("make", COMPOSITE)
def test_composite_operations_are_taken_apart(make):
    np.testing.assert_allclose(operator_matrices.matrix_of(make()), qml.matrix(make()), atol=1e-14)


def test_nothing_speaks_against_a_standard_gate():
    assert cross_examination.disagreement(qml.CRX(0.3, wires=[0, 1])) == ""


@pytest.mark.skipif(not MODERN, reason="operations were defined in another way")
def test_a_matrix_that_contradicts_the_decomposition_is_said():
    class Crooked(qml.operation.Operation):
        num_wires = 1
        num_params = 1

        @staticmethod
        def compute_decomposition(angle, wires):
            return [qml.RX(angle, wires)]

        @staticmethod
        def compute_matrix(angle):
            return qml.RX.compute_matrix(2 * angle)

    assert "its own matrix" in cross_examination.disagreement(Crooked(0.3, wires=0))


class Slanted(qml.operation.Operation):
    """It is sound; what it gives as its inverse is itself."""

    num_wires = 1
    num_params = 1

    @staticmethod
    def compute_decomposition(angle, wires):
        return [qml.RY(angle, wires)]

    @staticmethod
    def compute_matrix(angle):
        return qml.RY.compute_matrix(angle)

    def adjoint(self):
        return Slanted(*self.data, wires=self.wires)


@pytest.mark.skipif(not MODERN, reason="operations were defined in another way")
def test_the_inverse_of_a_sound_operation_stands_against_what_its_class_makes_of_it():
    operator = qml.adjoint(Slanted(0.3, wires=0))
    assert "its decomposition" in cross_examination.disagreement(operator)
    assert cross_examination.is_defined(operator)


@pytest.mark.skipif(not MODERN, reason="operations were defined in another way")
def test_the_inverse_of_an_operation_that_contradicts_itself_does_not():
    class Crooked(Slanted):
        @staticmethod
        def compute_matrix(angle):
            return qml.RY.compute_matrix(2 * angle)

    assert not cross_examination.is_defined(qml.adjoint(Crooked(0.3, wires=0)))


def parts_of(operator):
    """The names of an operation, of its base and of what it is decomposed into where it has no matrix of its own."""
    inner = [operator.base] if hasattr(operator, "base") else []
    # some cannot be decomposed as they are: a sparse state, integers as 0.40 had them, a QDrift as 0.33 has it
    with contextlib.suppress(ImportError, TypeError, ValueError):
        inner += operator.decomposition() if operator.has_decomposition and not operator.has_matrix else []
    return {type(operator).__name__}.union(*map(parts_of, inner))


def exponential(operator):
    """Whether the methods of an operation call a matrix exponential."""
    return any("expm" in method.__code__.co_names for _, method in inspect.getmembers(type(operator), inspect.isfunction))


@pytest.mark.skipif(not MODERN, reason="these classes are of later versions")
def test_operations_that_are_matrix_exponentials_are_known_as_such():
    itself = {type(i.operator).__name__ for i in SMALL if exponential(i.operator)}
    assert {"Exp", "Evolution", "SpecialUnitary"} <= itself
    gates = [i.operator for i in SMALL if isinstance(i.operator, qml.operation.Operation)]
    assert itself | {type(gate).__name__ for gate in gates if parts_of(gate) & itself} <= EXPONENTIALS


def test_what_is_no_matrix_is_refused_with_its_name():
    with pytest.raises(NotSimulated, match="Displacement"):
        operator_matrices.matrix_of(qml.Displacement(0.1, 0.2, wires=0))


@pytest.mark.skipif(not MODERN, reason="operations before 0.24 know no batch")
def test_a_batch_that_an_operation_hides_in_its_parts_is_a_reason():
    class Hiding(qml.operation.Operation):
        num_wires = 1
        batch_size = None

        def decomposition(self):
            return [qml.QubitUnitary(np.eye(2)[None], wires=self.wires)]

    with pytest.raises(NotSimulated, match="carries a batch"):
        operator_matrices.steps(Hiding(wires=0))


@pytest.mark.skipif(not MODERN, reason="operations before 0.24 know no batch")
@pytest.mark.parametrize("name", ["MultiRZ", "RX", "CRot"])
def test_a_row_of_a_batch_is_an_operation_without_one(name: str) -> None:
    count = getattr(qml, name).num_params
    batched = getattr(qml, name)(*[np.array([0.1, 0.2, 0.3])] * count, wires=[0, 1][: 1 if name == "RX" else 2])
    for row, alone in enumerate(rows(batched)):
        assert alone.batch_size is None
        assert [float(value) for value in alone.data] == [[0.1, 0.2, 0.3][row]] * count
