"""Observables that are not Hermitian are known by their matrix, however they are written, and replaced by what is Hermitian in them."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.hermitian_part import hermitian_part

pytestmark = pytest.mark.stack

HALF_FILLED = np.array([[0.2, 0.6], [0.0, -0.2]])

SKEWED = {
    "a matrix filled on one side": lambda: qml.Hermitian(HALF_FILLED, wires=0),
    "a complex coefficient": lambda: qml.Hamiltonian([0.5, 0.5j], [qml.PauliX(0), qml.PauliY(0)]),
    "two Paulis on one wire": lambda: qml.prod(qml.PauliX(0), qml.PauliZ(1), qml.PauliZ(0)),
}

HERMITIAN = {
    "a Pauli word": lambda: qml.PauliX(0) @ qml.PauliZ(1),
    "a real sum": lambda: qml.Hamiltonian([0.5, -0.5], [qml.PauliX(0), qml.PauliY(0) @ qml.PauliZ(1)]),
    "a complex matrix": lambda: qml.Hermitian(np.array([[0.0, -1j], [1j, 0.3]]), wires=0),
}


def circuit(observable):
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    try:
        observable()
    except (ValueError, RuntimeError):
        pytest.skip("this PennyLane refuses such an observable by itself")
    with tape:
        qml.RY(0.3, wires=0)
        qml.RY(0.4, wires=1)
        qml.expval(observable())
    return circuit_of(tape)


def written(name):
    if name == "two Paulis on one wire" and not hasattr(qml, "prod"):
        pytest.skip("this PennyLane has no products on one wire")
    return {**SKEWED, **HERMITIAN}[name]


@pytest.mark.parametrize("name", SKEWED)
def test_what_is_not_hermitian_is_made_so(name):
    changed = hermitian_part(circuit(written(name)), False)
    assert changed is not None
    (observable,) = (part for part in changed.measurements[0].data if getattr(part, "name", "") == "Hermitian")
    matrix = observable.data[0].value
    np.testing.assert_allclose(matrix, matrix.conj().T)
    assert hermitian_part(changed, False) is None


@pytest.mark.parametrize("name", HERMITIAN)
def test_what_is_hermitian_is_left_alone(name):
    assert hermitian_part(circuit(written(name)), False) is None


def test_a_matrix_that_is_tracked_stays_tracked():
    matrix = torch.tensor(HALF_FILLED, requires_grad=True)
    changed = hermitian_part(circuit(lambda: qml.Hermitian(matrix, wires=0)), False)
    (tracked,) = (p for p in changed.parameters if p.trainable)
    np.testing.assert_allclose(tracked.value, [[0.2, 0.3], [0.3, -0.2]])


@pytest.mark.skipif(not hasattr(qml, "prod"), reason="this PennyLane has no sums with tracked coefficients")
def test_other_tracked_numbers_forbid_the_change():
    weights = torch.tensor([0.5, 0.5j], requires_grad=True)
    assert hermitian_part(circuit(lambda: qml.dot(weights, [qml.PauliX(0), qml.PauliY(0)])), False) is None
