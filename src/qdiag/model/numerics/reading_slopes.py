"""The derivative of what a measurement reads, from the states that a circuit ends in and their tangents (see `tangents`).

Each measurement has its own: ``2 Re⟨t|O|ψ⟩`` of an expectation value, and so on. None where a derivative is not decided by the tangent:
an entropy at an eigenvalue of zero, a basis that is moved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Optional

import numpy as np

from qdiag.model.node import Label
from qdiag.model.numerics.measurements import apply_observable, marginal, outcome_values
from qdiag.model.numerics.states import Branch, Factor, Final, NotSimulated, Reading, Term, apply_matrix

LEAST_EIGENVALUE = 1e-6
"""The derivative of an entropy is taken from tangents where no eigenvalue is smaller: it grows with the logarithm of the smallest."""

Slopes = np.ndarray
"""One row for each direction, of the shape of what is read."""

MovingTerms = Mapping[int, tuple[Term, ...]]
"""The derivative of an observable, by direction."""


def read_slopes(final: Final, reading: Reading, moves: MovingTerms) -> Optional[tuple[Slopes, float]]:
    """The derivatives of what a measurement gives, and by how much it amplifies what the states are off.

    None where they cannot be taken from tangents.

    Parameters
    ----------
    final
        What `tangents.evolve_tangents` gives.
    reading
        The measurement.
    moves
        How its observable moves.
    """
    weights = np.array([_traces(final, branch.tensor) for branch in final.branches]).real
    total = float(weights[:, 0].sum()) if final.selected else 1.0
    drift = weights[:, 1:].sum(axis=0) if final.selected else np.zeros(weights.shape[1] - 1)
    if reading.kind in _OF_EIGENVALUES and not reading.outcomes:
        found = _information_slopes(final, reading, total, drift)
        return None if found is None else (found[0], found[1] / total**2)
    return _plain_slopes(final, reading, moves, weights, total, drift), 1 / total**2


_OF_EIGENVALUES = ("entropy", "mutual-info")


def _plain_slopes(final: Final, reading: Reading, moves: MovingTerms, weights: np.ndarray, total: float, drift: np.ndarray) -> Slopes:
    if reading.outcomes:
        return _outcome_slopes(final, reading, _divided(weights.T, total, drift).T)
    if reading.kind in ("expval", "var"):
        return _observable_slopes(final, reading, moves, total, drift)
    if reading.kind == "probs":
        whole = sum((_probabilities(final, branch, reading) for branch in final.branches), np.zeros(()))
        return np.asarray(_divided(np.asarray(whole), total, drift)[1:])
    if reading.kind == "state" and not final.mixed:
        stack = final.branches[0].tensor.reshape(1 + len(drift), -1)
        return np.asarray(stack[1:] / math.sqrt(total) - 0.5 * drift[:, None] * stack[0] / total**1.5)
    matrices = _densities(final, reading.wires or final.wires, total, drift)
    if reading.kind == "purity":
        return np.asarray(2 * np.einsum("ij,kji->k", matrices[0], matrices[1:]).real)
    return np.asarray(matrices[1:])


def _divided(rows: np.ndarray, total: float, drift: np.ndarray) -> np.ndarray:
    """A number and its derivatives, divided by the weight that is left, which has derivatives of its own."""
    slopes = rows[1:] / total - np.multiply.outer(drift, rows[0]) / total**2
    return np.concatenate([rows[:1] / total, slopes])


def _traces(final: Final, stack: np.ndarray) -> np.ndarray:
    """The weight of a branch, and its derivatives."""
    count = len(stack)
    if final.mixed:
        size = math.isqrt(stack[0].size)
        return np.asarray(np.trace(stack.reshape(count, size, size), axis1=1, axis2=2))
    rows = stack.reshape(count, -1)
    return _of_squares(rows @ rows[0].conj())


def _of_squares(products: np.ndarray) -> np.ndarray:
    """From ``⟨ψ|ψ⟩`` and each ``⟨ψ|t⟩`` the derivatives of the former."""
    return np.concatenate([products[:1].real, 2 * products[1:].real])


def _outcome_slopes(final: Final, reading: Reading, weights: np.ndarray) -> Slopes:
    """``weights``: a row for each branch."""
    values = outcome_values(final, reading)
    slopes = weights[:, 1:].T
    if reading.kind == "probs":
        bits = values.astype(int) @ (1 << np.arange(values.shape[1])[::-1])
        return np.array([np.bincount(bits, slope, minlength=1 << values.shape[1]) for slope in slopes])
    if reading.kind not in ("expval", "var") or values.shape[1] != 1:
        raise NotSimulated(f"{reading.kind} of mid-circuit measurements")
    found = slopes @ values[:, 0]
    if reading.kind == "expval":
        return np.asarray(found)
    return np.asarray(slopes @ values[:, 0] ** 2 - 2 * (weights[:, 0] @ values[:, 0]) * found)


def _observable_slopes(final: Final, reading: Reading, moves: MovingTerms, total: float, drift: np.ndarray) -> Slopes:
    means: np.ndarray = np.zeros(1 + len(drift), dtype=np.complex128)
    squares = means.copy()
    for branch in final.branches:
        mean, square = _moments(final, branch, reading.terms, moves)
        means, squares = means + mean, squares + square
    means = _divided(means, total, drift)
    if reading.kind == "expval":
        return np.asarray(means[1:])
    return np.asarray(_divided(squares, total, drift)[1:] - 2 * means[0] * means[1:])


def _moments(final: Final, branch: Branch, terms: Sequence[Term], moves: MovingTerms) -> tuple[np.ndarray, np.ndarray]:
    """``⟨O⟩`` and ``⟨O²⟩`` of a branch, not divided by its weight, each with its derivatives."""
    stack, count = branch.tensor, len(branch.tensor)
    acted = _acted(final, stack, terms)
    shifts = {d: _acted(final, stack[:1], moved)[0] for d, moved in moves.items()}
    if not final.mixed:
        rows, over, state = stack.reshape(count, -1), acted.reshape(count, -1), stack[0].reshape(-1)
        means = rows.conj() @ over[0] + over @ state.conj()
        means[0] = np.vdot(state, over[0])
        for d, shift in shifts.items():
            means[1 + d] += np.vdot(state, shift.reshape(-1))
            over[1 + d] += shift.reshape(-1)
        return means, _of_squares(over @ over[0].conj())
    means, squares = _traces(final, acted), _traces(final, _acted(final, acted, terms))
    for d, shift in shifts.items():
        means[1 + d] += _traces(final, shift[None])[0]
        twice = _acted(final, shift[None], terms) + _acted(final, acted[:1], moves[d])
        squares[1 + d] += _traces(final, twice)[0]
    return means, squares


def _acted(final: Final, stack: np.ndarray, terms: Sequence[Term]) -> np.ndarray:
    """``Oψ``, or ``Oρ``, of every row."""
    return np.array(apply_observable(final, stack, terms, first=1))


def _probabilities(final: Final, branch: Branch, reading: Reading) -> np.ndarray:
    stack, count = branch.tensor, len(branch.tensor)
    for factor in reading.basis:
        stack = _rotated(final, stack, factor)
    size = 1 << len(final.wires)
    if final.mixed:
        whole = np.diagonal(stack.reshape(count, size, size), axis1=1, axis2=2).real
    else:
        rows = stack.reshape(count, size)
        whole = (rows[0].conj() * rows).real * np.array([1.0] + [2.0] * (count - 1))[:, None]
    return np.array([marginal(final, row, reading.wires) for row in whole])


def _rotated(final: Final, stack: np.ndarray, factor: Factor) -> np.ndarray:
    axes = [1 + axis for axis in final.axes(factor.wires)]
    stack = apply_matrix(stack, factor.matrix, axes)
    return apply_matrix(stack, factor.matrix.conj(), [len(final.wires) + axis for axis in axes]) if final.mixed else stack


# --- reduced states ----------------------------------------------------------------------------------------------------


def _information_slopes(final: Final, reading: Reading, total: float, drift: np.ndarray) -> Optional[tuple[Slopes, float]]:
    parts = [reading.wires or final.wires]
    if reading.kind == "mutual-info":
        parts += [reading.others, (*reading.wires, *reading.others)]
    found = [_entropy_slopes(_densities(final, part, total, drift), reading.log_base) for part in parts]
    known = [one for one in found if one is not None]
    if len(known) < len(parts):
        return None
    signs = (1, 1, -1)
    return np.asarray(sum(sign * slopes for sign, (slopes, _) in zip(signs, known))), sum(stretch for _, stretch in known)


def _densities(final: Final, wires: Sequence[Label], total: float, drift: np.ndarray) -> np.ndarray:
    """The reduced density matrix of some wires, and its derivatives."""
    axes, count = final.axes(wires), len(final.wires)
    order = [*axes, *(axis for axis in range(count) if axis not in axes)]
    size, rest = 1 << len(axes), 1 << (count - len(axes))
    result = np.zeros((1 + len(drift), size, size), dtype=np.complex128)
    for branch in final.branches:
        if final.mixed:
            both = np.transpose(branch.tensor, [0, *(1 + axis for axis in order), *(1 + count + axis for axis in order)])
            result += np.trace(both.reshape(-1, size, rest, size, rest), axis1=2, axis2=4)
        else:
            rows = np.transpose(branch.tensor, [0, *(1 + axis for axis in order)]).reshape(-1, size, rest)
            one_sided = rows @ rows[0].conj().T
            result += np.concatenate([one_sided[:1], one_sided[1:] + np.conj(np.swapaxes(one_sided[1:], 1, 2))])
    return _divided(result, total, drift)


def _entropy_slopes(matrices: np.ndarray, base: float) -> Optional[tuple[Slopes, float]]:
    values, vectors = np.linalg.eigh(matrices[0])
    if values[0] < LEAST_EIGENVALUE:
        return None
    moved = np.einsum("ia,kij,ja->ka", vectors.conj(), matrices[1:], vectors).real
    return np.asarray(-(moved @ (np.log(values) + 1)) / math.log(base)), len(values) / float(values[0]) / abs(math.log(base))
