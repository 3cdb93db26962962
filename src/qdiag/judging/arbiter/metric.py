"""The Fubini-Study metric of a circuit's state by our own simulation: from derivatives of the state, by no rule of PennyLane's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.judging.arbiter.circuit_function import Simulation, Space, too_large, wire_order
from qdiag.model.circuit import Circuit
from qdiag.model.numerics.derivative import derivative
from qdiag.model.numerics.states import NotSimulated

NOISE = 1e-15
"""Rounding of an amplitude."""


class _State(Simulation):
    """A circuit as a function from the values of its parameters to its final state."""

    def outputs(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The state, as the one output."""
        parts = self.parts_at(values)
        final = self._final(parts, 0)
        if len(final.branches) != 1 or final.mixed or any(len(rows) > 1 for rows in parts):
            raise NotSimulated("there is no single pure state")
        return [final.branches[0].tensor.reshape(-1)]


def metric_tensor(circuit: Circuit, device_wires: Sequence[Any] = (), trusted: bool = False) -> Optional[np.ndarray]:
    """The metric by a circuit's tracked numbers, in their order: Re(<di|dj> - <di|psi><psi|dj>); None where there is none."""
    try:
        too_large(circuit)
        wires = device_wires or wire_order(circuit)
        space = Space(_State(replace(circuit, measurements=()), wires, trusted))
        if len(space.positions) != len(space.circuit.trainable) or any(np.iscomplexobj(value) for value in space.base):
            return None
        state = _complex(space.outputs_at(space.centre))
        found = [derivative(space.outputs_at, space.centre, axis, noise=NOISE) for axis in np.eye(len(space.centre))]
    except (NotSimulated, ArithmeticError, ValueError):
        return None
    if not found or not all(slope.smooth for slope in found):
        return None
    slopes = np.array([_complex(slope.value) for slope in found])
    along = slopes.conj() @ state
    return np.asarray(np.real(slopes.conj() @ slopes.T - np.outer(along, along.conj())))


def _complex(pairs: np.ndarray) -> np.ndarray:
    return np.asarray(pairs[0::2] + 1j * pairs[1::2])
