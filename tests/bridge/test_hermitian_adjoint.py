"""The positive control of the project's first report: before PennyLane 0.24 adjoint shifts gradients under a Hermitian observable."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.stack import pennylane_version
from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter.arbiter import arbitrate
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.evaluation import Request
from qdiag.model.method import parse
from tests.worlds.methods import methods

pytestmark = pytest.mark.stack

HAS_THE_FAULT = pennylane_version().release < (0, 24)


def test_the_arbiter_tells_the_fault_from_a_healthy_version():
    tape = getattr(qml.tape, "JacobianTape", qml.tape.QuantumTape)()
    with tape:
        for gate, angle in ((qml.RX, 0.4), (qml.RY, 0.3)):
            gate(torch.tensor(angle, dtype=torch.float64, requires_grad=True), wires=0)
        qml.expval(qml.Hermitian(np.diag([1.0, -1.0]), wires=0))
    circuit = circuit_of(tape)
    offered = [parse(f"default.qubit/{name}") for name in ("backprop", "adjoint", "parameter-shift")]
    evaluations = [Inline().submit(Request(circuit, method, jacobian=True)).result() for method in offered]
    configuration = Configuration("circuit", SourceLine("train.py", 1), "default.qubit", interface="torch")
    judgement = arbitrate(circuit, configuration, evaluations, (), Inline())
    assert judgement.wrong == (methods("default.qubit/adjoint") if HAS_THE_FAULT else ())
    assert parse("default.qubit/backprop") in judgement.right
