"""Which operations are others once their own numbers are bound to them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.facts.rebinding import rebound_operations
from qdiag.bridges.space.builds import builds, wrapped_builds
from qdiag.bridges.space.ingredients import MODERN
from qdiag.model.circuit import Circuit

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not MODERN, reason="ControlledQubitUnitary is as the newer end has it")]

MATRIX = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def found(*operators: Any) -> tuple[tuple[int, str], ...]:
    return rebound_operations(circuit_of(qml.tape.QuantumScript(list(operators), [qml.expval(qml.PauliZ(0))])), False)


def test_a_controlled_matrix_forgets_its_control_values() -> None:
    on_zero = qml.ctrl(qml.QubitUnitary(MATRIX, wires=1), control=0, control_values=[0])
    assert found(qml.RX(0.3, 0), on_zero) == ((1, "ControlledQubitUnitary"),)
    assert found(qml.adjoint(on_zero, lazy=True)) == ((0, "Adjoint"),), "whatever it is wrapped in"


@pytest.mark.parametrize(
    "operator",
    [
        qml.ctrl(qml.QubitUnitary(MATRIX, wires=1), control=0),
        qml.ctrl(qml.RX(0.3, 1), control=0, control_values=[0]),
        qml.QubitUnitary(MATRIX, wires=0),
        qml.evolve(qml.dot([0.3, 0.4], [qml.PauliX(0), qml.PauliZ(0)]), 0.2),
    ],
)
def test_others_are_what_they_were(operator: Any) -> None:
    assert found(operator) == ()


def test_nothing_else_in_the_space_is_changed() -> None:
    names = set()
    for build in builds():
        for one in (build, *(wrapped for _, wrapped in wrapped_builds(build))):
            names |= {build.core for _ in rebound_operations(Circuit((one.node,), ()), False)}
    assert names == {"QubitUnitary", "ControlledQubitUnitary"}
