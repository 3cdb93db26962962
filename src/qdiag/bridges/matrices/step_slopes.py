"""Derivatives of the steps of operations on plain numbers, where our own table has a law for them; the steps are `operator_matrices`'.

Everything else is left to differences of the steps' small matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, Optional

import numpy as np

from qdiag.bridges.codec.classes import is_pennylane
from qdiag.bridges.matrices.operator_matrices import labels, leaf_matrix
from qdiag.model.numerics import gate_slopes, gates
from qdiag.model.numerics.states import Factor

Slopes = tuple[Factor, ...]
"""One for each step of an operation, in order, with the derivative in the place of its matrix."""


def slopes(operator: Any, rates: Sequence[np.ndarray]) -> Optional[Slopes]:
    """The derivatives of an operation's steps where its numbers move at these rates; None where there is no law.

    Parameters
    ----------
    operator
        A PennyLane operation on plain numbers, without a batch.
    rates
        One for each entry of its data.
    """
    name = type(operator).__name__
    if not is_pennylane(type(operator)) or getattr(operator, "inverse", False) or len(rates) != len(operator.data):
        return None
    wires = labels(operator.wires)
    if name in gates.PARAMETRIC:
        angles = [complex(number) for number in operator.data]
        matrix = leaf_matrix(operator)
        assert matrix is not None
        found = gate_slopes.angle_slopes(name, angles, matrix)
        return (Factor(np.asarray(sum(complex(rate) * slope for rate, slope in zip(rates, found))), wires),)
    if name in _GENERATORS and len(rates) == 1:
        matrix = leaf_matrix(operator)
        assert matrix is not None
        return (Factor(complex(rates[0]) * (_GENERATORS[name](operator) @ matrix), wires),)
    if name == "QubitUnitary":
        return (Factor(np.asarray(rates[0], dtype=np.complex128), wires),)
    if name in ("AdjointOperation", "Adjoint"):
        inner = slopes(operator.base, rates)
        return None if inner is None else tuple(Factor(step.matrix.conj().T, step.wires) for step in reversed(inner))
    if name in ("ControlledOp", "Controlled"):
        inner = slopes(operator.base, rates)
        controls, values = labels(operator.control_wires), tuple(bool(value) for value in operator.control_values)
        return inner and tuple(Factor(gate_slopes.controlled_slope(s.matrix, values), controls + s.wires) for s in inner)
    return None


_GENERATORS: dict[str, Callable[[Any], np.ndarray]] = {
    "GlobalPhase": lambda op: -1j * np.eye(1 << len(op.wires)),
    "MultiRZ": lambda op: gate_slopes.parity_generator(len(op.wires)),
    "PauliRot": lambda op: gate_slopes.pauli_generator(op.hyperparameters["pauli_word"]),
    "PCPhase": lambda op: gate_slopes.projector_phase_generator(1 << len(op.wires), _dimension(op)),
}
"""The generators of gates whose matrix depends on more than an angle."""


def _dimension(operator: Any) -> int:
    dimension = operator.hyperparameters["dimension"]
    return int(dimension[0] if isinstance(dimension, tuple) else dimension)
