"""The metric of a circuit's state by PennyLane's other route, which follows derivatives of the state and makes no circuits."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.model.circuit import Circuit, Parameter


def adjoint_metric_tensor(circuit: Circuit, trusted: bool) -> Optional[np.ndarray]:
    """The metric by a circuit's trainable numbers; None where these are not single numbers that the tape lists one by one."""
    if any(circuit.parameters[position].value.ndim for position in circuit.trainable):
        return None
    decoding = Decoding(iter([_number(parameter) for parameter in circuit.parameters]), trusted)
    with stop_recording():
        operations = [decoding.operator(node) for node in circuit.operations]
        measurements = [decoding.operator(node) for node in circuit.measurements]
        tape = qml.tape.QuantumScript(operations, measurements)
        listed = [i for i, value in enumerate(tape.get_parameters(trainable_only=False)) if getattr(value, "requires_grad", False)]
        if len(listed) != len(circuit.trainable):
            return None
        tape.trainable_params = listed
        found = np.asarray(qml.adjoint_metric_tensor(tape))
    return found if found.shape == (len(listed),) * 2 else None


def _number(parameter: Parameter) -> Any:
    if parameter.trainable:
        return pnp.array(parameter.value, requires_grad=True)
    return parameter.value if parameter.value.ndim else parameter.value.item()
