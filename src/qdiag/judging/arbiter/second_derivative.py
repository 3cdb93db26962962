"""The second derivative of a loss by our own simulation: what Hessian-vector products are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from qdiag.judging.arbiter.circuit_function import Simulation, Space, coordinates
from qdiag.judging.arbiter.directions import EVALUATIONS
from qdiag.judging.arbiter.reference import reference
from qdiag.model.circuit import Circuit
from qdiag.model.numerics.derivative import curvature


@dataclass(frozen=True, eq=False)
class SecondDerivative:
    """The second derivative of a loss along one direction: what a Hessian-vector product is held against.

    Parameters
    ----------
    direction
        Real coordinates.
    value, error
        The direction's product with the Hessian and itself; NaN where there is none.
    weight
        An upper bound of the loss.
    reason
        Why there is none, or "".
    """

    direction: np.ndarray
    value: float = float("nan")
    error: float = float("inf")
    weight: float = 1.0
    reason: str = ""


def second_derivative_of(
    circuit: Circuit,
    cotangents: Sequence[Optional[np.ndarray]] = (),
    device_wires: Sequence[Any] = (),
    trusted: bool = False,
    seconds: float = 20.0,
) -> SecondDerivative:
    """The second derivative of the loss of Hessian-vector products along their direction (see `bridges.execution`)."""
    from qdiag.bridges.running.run_circuit import direction_for

    direction = coordinates(direction_for(circuit))
    found = reference(circuit, device_wires, "outputs", trusted)
    if found.outputs is None:
        return SecondDerivative(direction, reason=found.reason)
    space = Space(Simulation(circuit, device_wires, trusted))
    if len(space.centre) != len(direction) or not np.allclose(space.along(direction), direction):
        return SecondDerivative(direction, reason="a trainable parameter cannot be moved freely")
    if found.seconds * EVALUATIONS > seconds:
        return SecondDerivative(direction, reason="a derivative by our own simulation takes too long")
    generator = np.random.default_rng(len(found.outputs))
    given = cotangents or [generator.standard_normal(output.shape) for output in found.outputs]
    parts = [np.zeros(output.size) if c is None else np.ravel(c) for c, output in zip(given, found.outputs)]
    weights = np.concatenate(parts).astype(np.complex128).view(np.float64)
    length = max(1.0, float(np.linalg.norm(direction)))
    noise = float(np.sum(np.abs(weights))) * max(found.errors)
    measured = curvature(lambda row: weights @ space.outputs_at(row), space.centre, direction / length, noise=noise)
    weight = sum(norm * float(np.sum(np.abs(part))) for norm, part in zip(found.norms, parts))
    if not measured.smooth:
        return SecondDerivative(direction, weight=weight, reason="there is no second derivative at this point")
    return SecondDerivative(direction, float(measured.value) * length**2, float(measured.error) * length**2, weight)
