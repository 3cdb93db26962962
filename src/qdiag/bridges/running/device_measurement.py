"""What a device's own numbers say of it, where calls are replayed: a device is measured once in each process."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from qdiag.bridges.live.device_numbers import look_at
from qdiag.bridges.running.run_circuit import evaluate_circuit
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import UNKNOWN, Measured
from qdiag.model.method import Method
from qdiag.model.node import Label, Node, Wires
from qdiag.model.parameter import Parameter

FEW_WIRES = 6
"""A device of more wires is measured on one of its wires alone, where it can be made so."""


def measured(request: Request) -> Measured:
    """What is seen of the device of a request, or what the request says that is to be assumed of it."""
    if request.assumed:
        return Measured(request.assumed, assumed=True)
    if request.circuit.shots:
        return UNKNOWN
    method = Method(request.method.device, "none", "", request.method.device_precision, request.method.device_options)
    wires = request.device_wires or request.circuit.wires[:1]
    # a circuit may hold nothing whose wires are known
    return _measured_device(method, tuple(wires), request.trusted) if wires else UNKNOWN


@lru_cache(maxsize=32)
def _measured_device(method: Method, wires: tuple[Label, ...], trusted: bool) -> Measured:
    for labels in (wires[:1], wires) if len(wires) > FEW_WIRES else (wires,):
        warned: list[str] = []

        def value(angle: float, labels: tuple[Label, ...] = labels, warned: list[str] = warned) -> float:
            evaluation = evaluate_circuit(Request(_rotation(angle, labels[0]), method, "", labels, trusted=trusted))
            warned.extend(evaluation.warnings)
            return _number_of(evaluation)

        found = look_at(value)
        if found is not None:
            return Measured(found.precision, found.samples, found.changing, next(iter(warned), ""))
    return UNKNOWN


def _rotation(angle: float, wire: Label) -> Circuit:
    around = Node("RX", (Parameter(np.array(angle)),), (Wires((wire,)), ()), (wire,))
    observable = Node("PauliZ", (), (Wires((wire,)), ()), (wire,))
    return Circuit((around,), (Node("ExpectationMP", (observable, None), (("wires", None),), (wire,)),))


def _number_of(evaluation: Evaluation) -> float:
    outputs = evaluation.outputs
    if evaluation.failure is not None or outputs is None or len(outputs) != 1 or np.size(outputs[0]) != 1:
        return math.nan
    return float(np.real(np.ravel(outputs[0])[0]))
