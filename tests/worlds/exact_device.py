"""A device without a fault of its own: the arbiter's outputs and slopes, handed to PennyLane as a device's own derivatives.

A hunt over it, by its own derivatives, must end without a hit: whatever is found there is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pennylane as qml
import torch

from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.codec.tapes import circuit_of
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.circuit import Circuit, with_trainable


class Exact(qml.devices.Device):  # type: ignore[misc]
    """Evaluates by the arbiter; says no where the arbiter does."""

    @property
    def name(self) -> str:
        """What PennyLane calls it."""
        return "exact"

    def supports_derivatives(self, execution_config: Any = None, circuit: Any = None) -> bool:
        """Whether it has derivatives of its own: of everything."""
        return execution_config is None or execution_config.gradient_method in ("device", "best")

    def setup_execution_config(self, config: Any = None, circuit: Any = None) -> Any:
        """Derivatives are asked of the device, as Jacobians."""
        config = super().setup_execution_config(config, circuit)
        own = config.gradient_method in ("device", "best")
        return replace(config, use_device_gradient=own, use_device_jacobian_product=False, grad_on_execution=False)

    def execute(self, circuits: Any, execution_config: Any = None) -> Any:
        """The outputs."""
        return _each(circuits, lambda tape: _packed(self._found(tape, "outputs").outputs or ()))

    def compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """The Jacobian."""
        return _each(circuits, lambda tape: _jacobian(tape, self._found(tape, "full")))

    def execute_and_compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """Both."""
        return self.execute(circuits), self.compute_derivatives(circuits)

    def _found(self, tape: Any, depth: str) -> Reference:
        if tape.shots:
            raise qml.exceptions.DeviceError("exact does not sample")
        found = reference(_circuit(tape), tuple(self.wires or ()), depth, seconds=60.0)
        if found.outputs is None or (depth == "full" and not found.full):
            raise qml.exceptions.DeviceError(f"exact does not know this circuit: {found.reason or found.gradient_reason}")
        return found


def _each(circuits: Any, evaluate: Any) -> Any:
    return evaluate(circuits) if not isinstance(circuits, Sequence) else tuple(evaluate(tape) for tape in circuits)


def _circuit(tape: Any) -> Circuit:
    """The tape as a circuit; what is trainable in it is tracked, which a device is not told otherwise."""
    numbers = tape.get_parameters(trainable_only=False)
    marked = [torch.tensor(np.asarray(n), requires_grad=k in tape.trainable_params) for k, n in enumerate(numbers)]
    with stop_recording():
        made = circuit_of(tape.bind_new_parameters(marked, range(len(marked))))
    return made if tape.trainable_params else with_trainable(made, ())


def _packed(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)


def _jacobian(tape: Any, found: Reference) -> Any:
    """One array for each trainable number of each output, as PennyLane nests them."""
    shapes = [np.shape(number) for number in tape.get_parameters()]
    alone = found.directions.ndim == 2 and (np.count_nonzero(found.directions, axis=1) == 1).all()
    if not alone or sum(int(np.prod(shape)) for shape in shapes) != len(found.axes):
        raise qml.exceptions.DeviceError("exact cannot differentiate by numbers that cannot be moved one by one")
    order = np.argsort(found.axes)
    slopes = found.slopes[:, order] / np.sum(found.directions[order], axis=1)
    outputs, start = [], 0
    for output in found.outputs or ():
        rows, column, parts = slopes[start : start + output.size], 0, []
        for shape in shapes:
            size = int(np.prod(shape))
            parts.append(rows[:, column : column + size].reshape((*output.shape, *shape)))
            column += size
        outputs.append(_packed(parts))
        start += output.size
    return _packed(outputs)
