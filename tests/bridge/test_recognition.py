"""What is recorded of an array of pennylane.numpy: that it is marked trainable, and trainable once a graph leads to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp

from qdiag.bridges.codec.recognition import Recognition
from qdiag.model.circuit import Circuit
from qdiag.trace.array_bundle import unpack
from qdiag.trace.circuit_parser import restore

pytestmark = pytest.mark.stack

if not hasattr(qml.tape, "make_qscript"):
    pytest.skip("older versions make tapes otherwise", allow_module_level=True)

MATRIX = pnp.array([[1, 0], [0, -1]])


def taken(recognition: Recognition, x: Any, data: Any) -> Circuit:
    def function() -> Any:
        qml.RX(x, wires=0)
        qml.RY(data, wires=0)
        return qml.expval(qml.Hermitian(MATRIX, wires=0))

    structure, packed, *_ = recognition.read_tape(qml.tape.make_qscript(function)(), "single")
    return restore(structure, [array for array in unpack(packed) if array is not None])


def test_what_nothing_leads_to_is_only_marked_also_where_the_structure_is_known() -> None:
    recognition = Recognition()
    x, data = pnp.array(0.3, requires_grad=True), pnp.array(0.4)
    found: list[Circuit] = []

    def function(x: Any) -> Any:
        found.append(taken(recognition, x, data))
        return x

    for _ in range(2):
        function(x)
        qml.grad(function)(x)
    assert [(circuit.trainable, circuit.marked) for circuit in found] == [((), (0, 1, 2)), ((0,), (1, 2))] * 2


def test_a_constant_is_neither() -> None:
    found = taken(Recognition(), pnp.array(0.3, requires_grad=False), np.array(0.4))
    assert (found.trainable, found.marked) == ((), (2,))
