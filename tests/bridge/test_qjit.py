"""Circuits that Catalyst compiles: all as without it, but where Catalyst is wrong. Runs where Catalyst is installed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

pytest.importorskip("catalyst", reason="Catalyst is not installed: pip install pennylane-catalyst")

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.evaluation.evaluate import evaluate
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import parse
from qdiag.model.variants import with_parameters

pytestmark = pytest.mark.stack


def circuit(last: type) -> Circuit:
    with qml.tape.QuantumTape() as tape:
        qml.RX(0.4, wires=0)
        qml.Rot(0.3, -0.7, 1.1, wires=1)
        last(0.8, wires=[0, 1])
        qml.expval(qml.PauliZ(0) @ qml.PauliX(1))
        qml.expval(qml.PauliY(1))
    plain = circuit_of(tape, "tuple")
    numbers = [replace(p, container="jax", trainable=place != 1) for place, p in enumerate(plain.parameters)]
    return with_parameters(plain, numbers)


def asked(of: Circuit, method: str) -> Evaluation:
    cotangents = ((np.asarray(0.7), None), (np.asarray(0.1), np.asarray(-0.3)))
    return evaluate(Request(of, parse(method), "jax", (0, 1), cotangents, default_dtype="float64", jacobian=True))


def test_derivatives_are_those_without_catalyst() -> None:
    made = circuit(qml.CRZ)
    compiled, plain = asked(made, "lightning.qubit/adjoint+qjit"), asked(made, "lightning.qubit/adjoint")
    assert compiled.failure is None, compiled.failure
    rows = [[one.outputs or (), *one.vjps, *(one.jacobian or ())] for one in (compiled, plain)]
    assert len(rows[0]) == 5
    for row, others in zip(*rows):
        for one, other in zip(row, others):
            np.testing.assert_allclose(one, other, atol=1e-13)


def test_what_catalyst_gets_wrong_comes_out_wrong() -> None:
    made = circuit(qml.PSWAP)
    compiled, plain = asked(made, "lightning.qubit/adjoint+qjit"), asked(made, "lightning.qubit/adjoint")
    np.testing.assert_allclose(compiled.outputs or (), plain.outputs or (), atol=1e-13)
    assert max(np.max(np.abs(one - other)) for one, other in zip(compiled.vjps[0], plain.vjps[0])) > 0.01


def test_what_catalyst_cannot_compile_is_a_failure_like_any_other() -> None:
    made = circuit(qml.CRZ)
    assert asked(made, "lightning.qubit/finite-diff+qjit").failure is not None
