"""The trainable numbers of a circuit as a point in real coordinates, and where it may be moved without ceasing to be physical."""

from __future__ import annotations

import time

import numpy as np

from qdiag.judging.arbiter.circuit_function import Simulation, coordinates, from_coordinates
from qdiag.model.numerics.states import NotSimulated
from qdiag.model.numerics.surfaces import tangential

_OFF = 1e-5
"""How far a circuit is moved off its point to see whether it stays physical, …"""

_OFF_LIMIT = 1e-7
"""… and how far from physical it may be there: more than what is of second order in the step."""

_SINGLY = 64
"""Coordinates of so large a parameter are asked about one by one where not all of them may be moved."""


class Space:
    """The trainable numbers of a circuit as real coordinates, and the outputs as a function of them."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation, self.circuit = simulation, simulation.circuit
        self.positions = [i for i in self.circuit.trainable if simulation.values[i].dtype.kind in "fc"]
        self.base = [simulation.values[i] for i in self.positions]
        self.centre = coordinates(self.base)

    def values_at(self, row: np.ndarray) -> list[np.ndarray]:
        """The values of all parameters of the circuit."""
        values = list(self.simulation.values)
        for position, value in zip(self.positions, from_coordinates(row, self.base)):
            values[position] = value
        return values

    def outputs_at(self, row: np.ndarray) -> np.ndarray:
        """All elements of all outputs, real and imaginary parts in turn."""
        try:
            outputs = self.simulation.outputs(self.values_at(row))
        except NotSimulated as error:
            raise ValueError(str(error)) from error
        return np.concatenate([np.asarray(output, dtype=np.complex128).reshape(-1).view(np.float64) for output in outputs])

    def along(self, direction: np.ndarray) -> np.ndarray:
        """The part of a direction along the surfaces on which the parameters live."""
        return coordinates(tangential(self.circuit, from_coordinates(direction, self.base)))

    def axes(self, allowed: np.ndarray) -> list[np.ndarray]:
        """All allowed axes, each along its surface."""
        return [self.along(axis) for axis, usable in zip(np.eye(len(self.centre)), allowed) if usable]

    def seconds(self) -> float:
        """Time of one evaluation: the better of two, since a machine may be busy."""
        times = []
        for _ in range(2):
            started = time.perf_counter()
            try:
                self.outputs_at(self.centre + 1e-3)
            except (ArithmeticError, ValueError):
                continue
            times.append(time.perf_counter() - started)
        return min(times, default=0.0)

    def physical(self, direction: np.ndarray) -> bool:
        """Whether the circuit stays physical when it is moved along a direction to either side, or to the one where it exists."""
        ends = []
        for step in (_OFF, -_OFF):
            try:
                ends.append(self.simulation.defect_at(self.values_at(self.centre + step * direction)) <= _OFF_LIMIT)
            except (NotSimulated, ArithmeticError, ValueError):
                continue
        return bool(ends) and all(ends) and bool(direction.any())

    def allowed(self) -> np.ndarray:
        """For each coordinate, whether the circuit stays physical when it is moved; those of one parameter are asked about at once."""
        everything = np.ones(len(self.centre), dtype=bool)
        axes = self.axes(everything)
        allowed = ~everything
        start = 0
        for size in [value.size for value in self.base for _ in range(2 if np.iscomplexobj(value) else 1)]:
            block = range(start, start + size)
            start += size
            together = np.sum([axes[k] * (1 + k % 7) / 7 for k in block], axis=0)
            if size and self.physical(together):
                allowed[block] = [bool(axes[k].any()) for k in block]
            elif size <= _SINGLY:
                allowed[block] = [self.physical(axes[k]) for k in block]
        return allowed
