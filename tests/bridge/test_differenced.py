"""Which trainable numbers PennyLane's shift rules leave to finite differences: PennyLane is asked, operation by operation."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.decompositions import differenced
from qdiag.model.circuit import Circuit

pytestmark = pytest.mark.stack


def tracked(value: float) -> Any:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def circuit(damping: Any) -> Circuit:
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        qml.RX(tracked(0.3), wires=0)
        qml.AmplitudeDamping(damping, wires=0)
        qml.expval(qml.PauliZ(0))
    return circuit_of(tape)


def test_a_trained_damping_rate_is_differenced_and_an_angle_is_not() -> None:
    assert differenced(circuit(tracked(0.2)), False) == (1,)


def test_a_constant_rate_is_nobodys_derivative() -> None:
    assert differenced(circuit(0.2), False) == ()
