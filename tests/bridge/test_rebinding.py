"""Which operations are others once their own numbers are bound to them again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.tapes import circuit_of, tape_of
from qdiag.bridges.facts.rebinding import bound_anew, rebound_operations
from qdiag.bridges.space.builds import builds, wrapped_builds
from qdiag.bridges.space.ingredients import MODERN
from qdiag.model.circuit import Circuit
from qdiag.model.node import parameters_of
from qdiag.model.variants import with_parameters
from tests.worlds.older_stacks import needs_forgetting

pytestmark = pytest.mark.stack

if not MODERN:
    pytest.skip("ControlledQubitUnitary is as the newer end has it", allow_module_level=True)

MATRIX = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def kept_as(container: str, *operators: Any) -> Circuit:
    circuit = circuit_of(qml.tape.QuantumScript(list(operators), [qml.expval(qml.PauliZ(0))]))
    return with_parameters(circuit, [replace(p, container=container) for p in circuit.parameters])


def found(*operators: Any) -> tuple[tuple[int, str], ...]:
    return rebound_operations(kept_as("torch", *operators), False)


ON_ZERO = qml.ctrl(qml.QubitUnitary(MATRIX, wires=1), control=0, control_values=[0])


@needs_forgetting
def test_a_controlled_matrix_forgets_its_control_values() -> None:
    assert found(qml.RX(0.3, 0), ON_ZERO) == ((1, "ControlledQubitUnitary"),)
    assert found(qml.adjoint(ON_ZERO, lazy=True)) == ((0, "Adjoint"),), "whatever it is wrapped in"


@needs_forgetting
def test_so_it_does_where_it_holds_plain_numbers() -> None:
    assert rebound_operations(kept_as("numpy", ON_ZERO), False) == ((0, "ControlledQubitUnitary"),)


def test_what_has_no_numbers_is_never_bound() -> None:
    circuit = kept_as("numpy", qml.ctrl(qml.T(1), control=0, control_values=[0]))
    assert rebound_operations(circuit, False) == ()
    assert bound_anew(circuit, False) is None


@needs_forgetting
def test_the_circuit_as_it_is_once_bound_has_the_same_numbers_in_another_operation() -> None:
    circuit = kept_as("torch", qml.RX(0.3, 0), ON_ZERO)
    other = bound_anew(circuit, False)
    assert other is not None
    assert other.operations[0] == circuit.operations[0]
    assert [p.container for p in other.parameters] == ["torch", "torch"]
    forgetful = qml.matrix(tape_of(other), wire_order=[0, 1])
    asked = qml.matrix(qml.tape.QuantumScript([qml.RX(0.3, 0), qml.ControlledQubitUnitary(MATRIX, wires=[0, 1])]), wire_order=[0, 1])
    assert np.allclose(forgetful, asked)


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


@needs_forgetting
def test_nothing_else_in_the_space_is_changed() -> None:
    names = set()
    for build in builds():
        for one in (build, *(wrapped for _, wrapped in wrapped_builds(build))):
            kept = [replace(p, container="torch") for p in parameters_of(one.node)]
            names |= {build.core for _ in rebound_operations(with_parameters(Circuit((one.node,), ()), kept), False)}
    assert names == {"QubitUnitary", "ControlledQubitUnitary"}
