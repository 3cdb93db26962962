"""A device without a fault of its own: the arbiter's outputs and slopes, handed to PennyLane as a device's own derivatives.

A hunt over it, by its own derivatives, must end without a hit: whatever is found there is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pennylane as qml
import torch

from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.codec.tapes import circuit_with_numbers
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.circuit import Circuit
from qdiag.model.variants import with_trainable


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
        return _each(circuits, lambda tape: _packed(self._found(_tracked(tape), "outputs").outputs or ()))

    def compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """The Jacobian."""
        return _each(circuits, self._jacobian)

    def execute_and_compute_derivatives(self, circuits: Any, execution_config: Any = None) -> Any:
        """Both."""
        return self.execute(circuits), self.compute_derivatives(circuits)

    def _found(self, tracked: Tracked, depth: str) -> Reference:
        if tracked.circuit.shots:
            raise qml.exceptions.DeviceError("exact does not sample")
        found = reference(tracked.circuit, tuple(self.wires or ()), depth, seconds=60.0)
        if found.outputs is None or (depth == "full" and not found.full):
            raise qml.exceptions.DeviceError(f"exact does not know this circuit: {found.reason or found.gradient_reason}")
        return found

    def _jacobian(self, tape: Any) -> Any:
        """One array for each trainable number of each output, as PennyLane nests them."""
        tracked = _tracked(tape)
        found = self._found(tracked, "full")
        alone = (np.count_nonzero(found.directions, axis=1) == 1).all()
        values = [tracked.circuit.parameters[k].value for k in tracked.circuit.trainable]
        if not alone or sum(value.size for value in values) != len(found.axes):
            raise qml.exceptions.DeviceError("exact cannot differentiate by numbers that cannot be moved one by one")
        order = np.argsort(found.axes)
        slopes = found.slopes[:, order] / np.sum(found.directions[order], axis=1)
        ends = np.cumsum([value.size for value in values])
        columns = {k: slice(end - value.size, end) for k, value, end in zip(tracked.circuit.trainable, values, ends)}
        outputs, start = [], 0
        for output in found.outputs or ():
            rows = slopes[start : start + output.size]
            shapes = ((k, (*output.shape, *tracked.circuit.parameters[k].value.shape)) for k in tracked.positions)
            outputs.append(_packed([rows[:, columns[k]].reshape(shape) for k, shape in shapes]))
            start += output.size
        return _packed(outputs)


@dataclass(frozen=True)
class Tracked:
    """A tape as a circuit, and where in it the tape's trainable numbers stand, one by one."""

    circuit: Circuit
    positions: tuple[int, ...]


def _tracked(tape: Any) -> Tracked:
    """The tape with its trainable numbers, and no others, bound anew: not every operation comes back as it was."""
    marked = [torch.tensor(np.asarray(number), requires_grad=True) for number in tape.get_parameters()]
    with stop_recording():
        bound = tape.bind_new_parameters(marked, tape.trainable_params) if marked else tape
        recorded = circuit_with_numbers(bound)
    at = {id(number): k for k, number in enumerate(recorded.numbers)}
    if any(id(number) not in at for number in marked):
        raise qml.exceptions.DeviceError("exact does not see all trainable numbers of this circuit")
    positions = tuple(at[id(number)] for number in marked)
    return Tracked(with_trainable(recorded.circuit, positions), positions)


def _each(circuits: Any, evaluate: Any) -> Any:
    return evaluate(circuits) if not isinstance(circuits, Sequence) else tuple(evaluate(tape) for tape in circuits)


def _packed(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)
