"""Devices that are wrong as some that others wrote are wrong, made of PennyLane's own: their faults are known to the last gate."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pennylane as qml

Results = Any
Tape = Any


class BlindToControlValues(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Works in single precision, whatever it says, and has every control act on one."""

    @property
    def name(self) -> str:
        return "blind.to.control.values"

    def execute(self, circuits: Any, execution_config: Any = None) -> Results:
        one = not isinstance(circuits, (list, tuple))
        tapes = [self._misread(tape) for tape in ([circuits] if one else circuits)]
        found = super().execute(tapes, execution_config)
        rounded = tuple(_rounded(result) for result in found)
        return rounded[0] if one else rounded

    def _misread(self, tape: Tape) -> Tape:
        operations = [
            qml.ctrl(operation.base, control=operation.control_wires) if isinstance(operation, qml.ops.Controlled) else operation
            for operation in tape.operations
        ]
        return tape.copy(operations=operations)


class ReadsInOneBasis(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Turns the state into the basis of the first expectation value of X, and reads probabilities in it."""

    @property
    def name(self) -> str:
        return "reads.in.one.basis"

    def execute(self, circuits: Any, execution_config: Any = None) -> Results:
        one = not isinstance(circuits, (list, tuple))
        tapes = [self._turned(tape) for tape in ([circuits] if one else circuits)]
        found = super().execute(tapes, execution_config)
        return found[0] if one else found

    def _turned(self, tape: Tape) -> Tape:
        turned = [m.obs.wires[0] for m in tape.measurements if isinstance(m.obs, qml.X)]
        measurements = [self._in_turned_basis(m, turned) for m in tape.measurements]
        return tape.copy(operations=[*tape.operations, *(qml.Hadamard(wire) for wire in turned)], measurements=measurements)

    def _in_turned_basis(self, measurement: Any, turned: list[Any]) -> Any:
        if isinstance(measurement.obs, qml.X) and measurement.obs.wires[0] in turned:
            return qml.expval(qml.Z(measurement.obs.wires[0]))
        return measurement


class SinglePrecision(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Gives results of single precision as if they were of double precision, and says nothing of it."""

    @property
    def name(self) -> str:
        return "single.precision"

    def execute(self, circuits: Any, execution_config: Any = None) -> Results:
        return _rounded(super().execute(circuits, execution_config))


class SmoothlyOff(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Works in double precision, and is off by as much as single precision rounds, the same everywhere."""

    @property
    def name(self) -> str:
        return "smoothly.off"

    def execute(self, circuits: Any, execution_config: Any = None) -> Results:
        return _shifted(super().execute(circuits, execution_config))


class SamplesUnasked(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Draws 400 samples where nobody asks for any, and warns of it."""

    @property
    def name(self) -> str:
        return "samples.unasked"

    def execute(self, circuits: Any, execution_config: Any = None) -> Results:
        warnings.warn("These results are estimates from samples.", UserWarning, stacklevel=2)
        one = not isinstance(circuits, (list, tuple))
        tapes = [tape if tape.shots else tape.copy(shots=400) for tape in ([circuits] if one else circuits)]
        found = super().execute(tapes, execution_config)
        return found[0] if one else found


def _shifted(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return type(result)(_shifted(part) for part in result)
    return result + 1e-7 * np.asarray(result) ** 2


def _rounded(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return type(result)(_rounded(part) for part in result)
    return np.asarray(result).astype("float32").astype("float64")
