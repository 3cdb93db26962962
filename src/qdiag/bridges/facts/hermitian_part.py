"""Observables that are not Hermitian, and what is Hermitian in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.bridges.matrices import node_steps
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Wires, parameters_of
from qdiag.model.numerics.measurements import dense
from qdiag.model.numerics.states import NotSimulated
from qdiag.model.operator_families import HERMITIAN_MATRICES
from qdiag.model.parameter import Parameter

MOST_WIRES = 6
"""Observables on more wires are not looked at."""


def hermitian_part(circuit: Circuit, trusted: bool) -> Optional[Circuit]:
    """The circuit with ``(A + A†) / 2`` for each observable ``A``; None where all are Hermitian, or nothing can be said.

    A matrix that the user tracks stays tracked; other tracked numbers inside such an observable forbid the change.
    """
    measurements = tuple(_on_hermitian_part(node, trusted) for node in circuit.measurements)
    changed = any(new is not old for new, old in zip(measurements, circuit.measurements))
    return replace(circuit, measurements=measurements) if changed else None


def _on_hermitian_part(measurement: Node, trusted: bool) -> Node:
    matrix = _matrix(measurement, trusted)
    if matrix is None or np.allclose(matrix, matrix.conj().T):
        return measurement
    observable = next(part for part in measurement.data if isinstance(part, Node))
    tracked = any(parameter.trainable for parameter in parameters_of(observable))
    if tracked and observable.name not in HERMITIAN_MATRICES:
        return measurement
    half = _half(matrix, parameters_of(observable))
    new = Node("Hermitian", (half,), (Wires(measurement.wires), ()), measurement.wires)
    return replace(measurement, data=tuple(new if part is observable else part for part in measurement.data))


def _half(matrix: np.ndarray, numbers: Sequence[Parameter]) -> Parameter:
    value = (matrix + matrix.conj().T) / 2
    tracked = next((number for number in numbers if number.trainable), None)
    if tracked is None:
        return Parameter(value, "numpy")
    return replace(tracked, value=(value if np.iscomplexobj(tracked.value) else value.real).astype(tracked.value.dtype))


def _matrix(measurement: Node, trusted: bool) -> Optional[np.ndarray]:
    """An expectation value's or variance's observable on the measurement's wires, or None."""
    if not any(isinstance(part, Node) for part in measurement.data) or len(measurement.wires) > MOST_WIRES:
        return None
    try:
        values = [node_steps.double_precision_value(parameter) for parameter in parameters_of(measurement)]
        reading = node_steps.measurement(measurement, values, trusted=trusted)
        return dense(reading.terms, measurement.wires) if reading.kind in ("expval", "var") and reading.terms else None
    except (NotSimulated, ArithmeticError, ValueError):
        # what cannot be worked out may well be Hermitian
        return None
