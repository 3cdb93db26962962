"""Channels as weighted Kraus operators, from our own table. Weights may leave the unit interval a little: derivatives need it."""

from __future__ import annotations

import math
from typing import Any, Callable, Optional

import numpy as np

from qdiag.bridges.codec.classes import is_pennylane
from qdiag.model.numerics import gates

Kraus = tuple[tuple[float, ...], tuple[np.ndarray, ...]]
"""Weights, and the operators that they belong to."""

_KEEP = np.diag([1.0, 0.0]).astype(np.complex128)
_LOSE = np.diag([0.0, 1.0]).astype(np.complex128)
_DOWN = np.array([[0, 1], [0, 0]], dtype=np.complex128)


def _mixed_paulis(*weighted: tuple[float, str]) -> Kraus:
    rest = 1 - sum(weight for weight, _ in weighted)
    letters = "I" * len(weighted[0][1])
    return (rest, *(weight for weight, _ in weighted)), (gates.word(letters), *(gates.word(word) for _, word in weighted))


def _amplitude_damping(gamma: float) -> Kraus:
    return (1.0, gamma), (np.diag([1, math.sqrt(1 - gamma)]).astype(np.complex128), _DOWN)


def _reset(zero: float, one: float) -> Kraus:
    return (1 - zero - one, zero, zero, one, one), (gates.I2, _KEEP, _DOWN, _DOWN.T, _LOSE)


def _of(operator: Any) -> Optional[Kraus]:
    name = type(operator).__name__
    if name == "PauliError":
        # PennyLane before 0.22 holds the word among the numbers.
        words = operator.data[0] if len(operator.data) > 1 else operator.hyperparameters["operators"]
        return _mixed_paulis((float(operator.data[-1]), words))
    rule = _TABLE.get(name)
    return None if rule is None else rule(*(float(number) for number in operator.data))


_TABLE: dict[str, Callable[..., Kraus]] = {
    "BitFlip": lambda p: _mixed_paulis((p, "X")),
    "PhaseFlip": lambda p: _mixed_paulis((p, "Z")),
    "DepolarizingChannel": lambda p: _mixed_paulis((p / 3, "X"), (p / 3, "Y"), (p / 3, "Z")),
    "PhaseDamping": lambda g: ((1.0, g), (np.diag([1, math.sqrt(1 - g)]).astype(np.complex128), _LOSE)),
    "AmplitudeDamping": _amplitude_damping,
    "ResetError": _reset,
}
"""Channels whose definition has not changed between versions; GeneralizedAmplitudeDamping's probability has been turned round."""


def channel(operator: Any) -> Optional[Kraus]:
    """Weights and Kraus operators of a channel: ours, or else PennyLane's; None for what is no channel."""
    if is_pennylane(type(operator)):
        ours = _of(operator)
        if ours is not None:
            return ours
    found = operator.kraus_matrices() if callable(operator.kraus_matrices) else operator.kraus_matrices
    matrices = tuple(np.asarray(matrix, dtype=np.complex128) for matrix in found)
    return (1.0,) * len(matrices), matrices
