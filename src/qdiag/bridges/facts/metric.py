"""Metric tensors by PennyLane: by the other route, which follows derivatives of the state, and what a route raises on its way."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.model.circuit import Circuit
from qdiag.model.parameter import Parameter


def adjoint_metric_tensor(circuit: Circuit, trusted: bool) -> Optional[np.ndarray]:
    """The metric by a circuit's trainable numbers; None where these are not single numbers that the tape lists one by one."""
    if any(circuit.parameters[position].value.ndim for position in circuit.trainable):
        return None
    with stop_recording():
        tape = _tape(circuit, trusted)
        if len(tape.trainable_params) != len(circuit.trainable):
            return None
        found = np.asarray(qml.adjoint_metric_tensor(tape))
    return found if found.shape == (len(circuit.trainable),) * 2 else None


def failure_of(name: str, circuit: Circuit, trusted: bool) -> str:
    """The kind of exception that a route raises while it makes its circuits of one; "" where it makes them."""
    with stop_recording():
        tape = _tape(circuit, trusted)
        try:
            getattr(qml, name)(tape)
        except Exception as error:
            return type(error).__name__
    return ""


def _tape(circuit: Circuit, trusted: bool) -> Any:
    """A circuit as PennyLane's transforms take it, its trainable numbers the tape's."""
    decoding = Decoding(iter([_number(parameter) for parameter in circuit.parameters]), trusted)
    operations = [decoding.operator(node) for node in circuit.operations]
    measurements = [decoding.operator(node) for node in circuit.measurements]
    tape = qml.tape.QuantumScript(operations, measurements)
    numbers = enumerate(tape.get_parameters(trainable_only=False))
    tape.trainable_params = [position for position, value in numbers if getattr(value, "requires_grad", False)]
    return tape


def _number(parameter: Parameter) -> Any:
    if parameter.trainable:
        return pnp.array(parameter.value, requires_grad=True)
    return parameter.value if parameter.value.ndim else parameter.value.item()
