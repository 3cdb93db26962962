"""What no graph follows: moves of a circuit's own parameters with an argument that the interface knows nothing of.

Where torch's graph from an argument to a number in the circuit is cut, the number still moves with the argument. How the results
move with these numbers alone is what the gradient lacks.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.live import qnode_attributes

_FOLLOWED = 1e-6
"""Relative to its move: so far a number may be from where the graph says that it goes, by curvature."""


def slopes(parameters: Sequence[Any], argument: Any, direction: np.ndarray) -> Optional[list[np.ndarray]]:
    """How far the circuit's parameters move along a direction of a torch argument, as the graph between them says.

    Parameters
    ----------
    parameters
        The circuit's, as the quantum function made them from the argument.
    argument
        A leaf that requires a gradient.
    direction
        In the argument's shape.

    Returns
    -------
    list of array, optional
        One for each parameter, zero where no graph leads back; None for complex parameters, and where a part of the graph cannot be
        differentiated twice, which the product with a direction takes.
    """
    import torch

    found = []
    for parameter in parameters:
        found.append(np.zeros(np.shape(parameter)))
        if not (isinstance(parameter, torch.Tensor) and parameter.requires_grad):
            continue
        if parameter.is_complex():
            return None
        weights = torch.zeros_like(parameter, requires_grad=True)
        (first,) = torch.autograd.grad(parameter, argument, weights, create_graph=True, allow_unused=True, retain_graph=True)
        if first is None:
            continue
        if not first.requires_grad:
            return None
        total = (first * torch.as_tensor(direction, dtype=first.dtype)).sum()
        (second,) = torch.autograd.grad(total, weights, allow_unused=True)
        found[-1] = np.zeros(np.shape(parameter)) if second is None else second.detach().numpy().astype(np.float64)
    return found


def unfollowed_parameters(
    here: Sequence[np.ndarray], there: Sequence[np.ndarray], followed: Sequence[np.ndarray], step: float
) -> Optional[list[np.ndarray]]:
    """The parameters at a step, moved only as far as no graph follows.

    Parameters
    ----------
    here, there
        The circuit's parameters at the point, and at the step.
    followed
        As `slopes` gives them.
    step
        How far the argument was moved.

    Returns
    -------
    list of array, optional
        None where the circuit has other parameters there, or where one moves otherwise than its graph says: then it is not cut.
    """
    if [np.shape(h) for h in here] != [np.shape(t) for t in there]:
        return None
    found = []
    for h, t, slope in zip(here, there, followed):
        move = np.asarray(t - h, dtype=np.float64)
        cut = slope == 0
        astray = np.abs(move - step * slope) > _FOLLOWED * np.abs(step) + np.abs(step) ** 2 * (1 + np.abs(slope)) * 10
        if np.any(astray & ~cut):
            return None
        found.append(h + np.where(cut, move, 0.0))
    return found


def rerun(qnode: Any, parameters: Sequence[Any]) -> Any:
    """The QNode's last circuit with other parameters, run by the QNode's own device, method and transforms."""
    moved = _with_parameters(qnode_attributes.tape_of(qnode), list(parameters))

    def function() -> Any:
        for operation in moved.operations:
            qml.apply(operation)
        return tuple(qml.apply(measurement) for measurement in moved.measurements)

    other = copy.copy(qnode)
    other.func = function
    return other()


def _with_parameters(tape: Any, parameters: list[Any]) -> Any:
    if hasattr(tape, "bind_new_parameters"):
        return tape.bind_new_parameters(parameters, list(range(len(parameters))))
    # PennyLane before 0.30
    moved = tape.copy(copy_operations=True)
    moved.set_parameters(parameters, trainable_only=False)
    return moved
