"""What was promised of a wrong result: by a declaration, by a rule, by words against it in a warning or in a docstring."""

from __future__ import annotations

from typing import Any

import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.promises import promise_of
from qdiag.bridges.space.ingredients import MODERN
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.promise import Promise

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not MODERN, reason="qml.evolve is as the newer end has it")]

TRACKED = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)


def recorded(*operators: Any) -> Circuit:
    return circuit_of(qml.tape.QuantumScript([*operators], [qml.expval(qml.PauliZ(0))]))


def promised(circuit: Circuit, method: str, *said: str, core: str = "") -> Promise:
    return promise_of(circuit, core, Method("default.qubit", method), said, (0, 1))


def test_a_derivative_that_the_device_declares_is_promised() -> None:
    assert promised(recorded(qml.RX(TRACKED, 0)), "adjoint") is Promise.BROKEN
    assert promised(recorded(qml.RX(TRACKED, 0)), "backprop", core="RX") is Promise.BROKEN


def test_a_shift_rule_is_promised_where_all_that_is_tracked_has_one() -> None:
    assert promised(recorded(qml.RX(TRACKED, 0)), "parameter-shift") is Promise.BROKEN
    matrix = qml.QubitUnitary(torch.eye(2, dtype=torch.complex128).requires_grad_(), 0)
    assert promised(recorded(qml.RX(TRACKED, 0), matrix), "parameter-shift") is Promise.SILENT
    assert promised(recorded(qml.Hadamard(0)), "parameter-shift") is Promise.SILENT, "nothing is tracked"


def test_a_warning_against_it_is_a_word() -> None:
    assert promised(recorded(qml.RX(TRACKED, 0)), "adjoint", "gradients of this are not supported") is Promise.DOCUMENTED


def test_a_docstring_that_says_what_is_not_trainable_is_a_word_about_that_and_nothing_else() -> None:
    def weighed(coefficient: Any) -> Any:
        return qml.sum(qml.s_prod(coefficient, qml.PauliX(0)), qml.s_prod(0.4, qml.PauliZ(0)))

    inside, own = qml.evolve(weighed(TRACKED), 0.2), qml.evolve(weighed(0.3), TRACKED)
    assert promised(recorded(inside), "backprop") is Promise.DOCUMENTED
    assert promised(recorded(inside), "parameter-shift", core="Evolution") is Promise.DOCUMENTED
    assert promised(recorded(own), "backprop") is Promise.BROKEN
