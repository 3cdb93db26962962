"""A device that samples where nobody asks for samples: it has 500 shots of its own, and says so in an attribute alone."""

from __future__ import annotations

from typing import Any

import pennylane as qml


class Sampling(qml.devices.DefaultQubit):  # type: ignore[misc]
    """Draws 500 samples for whatever is measured."""

    def __init__(self, wires: Any = None) -> None:
        super().__init__(wires=wires)
        self._draws = qml.device("default.qubit", wires=wires)

    @property
    def shots(self) -> Any:
        return qml.measurements.Shots(500)

    def execute(self, circuits: Any, execution_config: Any = None) -> Any:
        one = not isinstance(circuits, (list, tuple))
        tapes = [tape.copy(shots=500) for tape in ([circuits] if one else circuits)]
        found = self._draws.execute(tapes)
        return found[0] if one else found
