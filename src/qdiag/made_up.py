"""Numbers that are nobody's: a circuit's values replaced by made-up ones of the same kind.

What is 0, ±1 or a simple fraction of π says something about a circuit and nothing about the user's data, and stays.
"""

from __future__ import annotations

import math

import numpy as np

from qdiag.circuit import Circuit, with_values

_KINDS = 1e-6
"""So exactly a matrix must be unitary or Hermitian, and a state normalised, to be replaced by another of its kind."""

_SIMPLE = np.asarray([0.0, 1.0, *(math.pi * k / n for n in (1, 2, 3, 4, 6, 8) for k in range(1, 2 * n + 1))])


def made_up(circuit: Circuit, seed: int) -> Circuit:
    """The same circuit on made-up numbers.

    Parameters
    ----------
    circuit
        The user's.
    seed
        Another one, other numbers.
    """
    draws = np.random.default_rng(seed)
    return with_values(circuit, {i: _drawn(parameter.value, draws) for i, parameter in enumerate(circuit.parameters)})


def _drawn(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Numbers of the kind, dtype and shape of others: a unitary matrix for a unitary one, a state for a state."""
    if value.dtype.kind not in "fc":
        high = int(value.max(initial=1)) if value.dtype.kind in "iu" else 1
        return value if high <= 1 else draws.integers(0, high, size=value.shape, endpoint=True).astype(value.dtype)
    if value.ndim == 2 and value.shape[0] == value.shape[1] and len(value) > 1:
        return _matrix(value, draws).astype(value.dtype)
    if value.ndim == 1 and len(value) > 1 and abs(np.linalg.norm(value) - 1) < _KINDS and np.count_nonzero(value) > 1:
        return _state(value, draws).astype(value.dtype)
    return _numbers(value, draws).astype(value.dtype)


def _matrix(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    drawn = draws.standard_normal(value.shape) + (1j * draws.standard_normal(value.shape) if value.dtype.kind == "c" else 0)
    if np.allclose(np.abs(value), np.eye(len(value))[np.argmax(np.abs(value), axis=0)].T, atol=_KINDS):
        return value  # a permutation with phases
    if np.allclose(value @ value.conj().T, np.eye(len(value)), atol=_KINDS):
        return np.asarray(np.linalg.qr(drawn)[0])
    if np.allclose(value, value.conj().T, atol=_KINDS) and abs(np.trace(value) - 1) < _KINDS:
        state = drawn[0] / np.linalg.norm(drawn[0])
        return np.outer(state, state.conj())
    if np.allclose(value, value.conj().T, atol=_KINDS):
        return np.asarray((drawn + drawn.conj().T) / 2)
    return np.where(value == 0, 0, drawn * min(1.0, float(np.linalg.norm(value, 2))) / np.linalg.norm(drawn, 2))


def _state(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    drawn = draws.uniform(0.2, 1.0, value.shape) * np.where(value == 0, 0, 1)
    return np.asarray(drawn / np.linalg.norm(drawn))


def _numbers(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Numbers between 0.15 and 1.35 with two digits, with the signs that were there."""
    size = np.round(draws.uniform(0.15, 1.35, value.shape), 2)
    near = np.min(np.abs(np.abs(value)[..., None] - _SIMPLE), axis=-1) < _KINDS
    length = np.abs(value)
    phase = np.divide(value, length, out=np.ones_like(value), where=length > 0)
    simple = np.isin(np.round(np.real(phase), 6), (0.0, 1.0, -1.0))
    return np.where(near & simple, value, size * np.where(simple, phase, 1))
