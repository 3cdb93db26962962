"""What a measurement reads off the states that a circuit ends in: expectations, probabilities, reduced states, entropies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Union

import numpy as np

from qdiag.model.node import Label
from qdiag.model.numerics.states import (
    Branch,
    Channel,
    Conditioned,
    Factor,
    Final,
    NothingSelected,
    NotSimulated,
    Preparation,
    Reading,
    Step,
    Term,
    apply_matrix,
    apply_operator,
    looked_up,
)


def read(final: Final, reading: Reading) -> np.ndarray:
    """What a measurement gives."""
    weights = np.array([_trace(branch.tensor, final.mixed) for branch in final.branches])
    total = float(weights.sum()) if final.selected else 1.0
    if final.selected and total < 1e-14:
        raise NothingSelected("the postselected outcome has no probability")
    if reading.outcomes:
        return _read_outcomes(final, reading, weights / total)
    if reading.kind in ("expval", "var"):
        return _read_observable(final, reading, total)
    if reading.kind == "probs":
        return sum((_probabilities(final, branch, reading) for branch in final.branches), np.zeros(())) / total
    if reading.kind == "state" and not final.mixed:
        return _state_vector(final, total)
    return _read_density(final, reading, total)


def _trace(tensor: np.ndarray, mixed: bool) -> float:
    if not mixed:
        return float(np.vdot(tensor, tensor).real)
    size = math.isqrt(tensor.size)
    return float(np.trace(tensor.reshape(size, size)).real)


def _read_outcomes(final: Final, reading: Reading, weights: np.ndarray) -> np.ndarray:
    values = outcome_values(final, reading)
    if reading.kind == "probs":
        bits = values.astype(int) @ (1 << np.arange(values.shape[1])[::-1])
        return np.bincount(bits, weights, minlength=1 << values.shape[1])
    if reading.kind not in ("expval", "var") or values.shape[1] != 1:
        raise NotSimulated(f"{reading.kind} of mid-circuit measurements")
    mean = weights @ values[:, 0]
    return np.asarray(mean if reading.kind == "expval" else weights @ values[:, 0] ** 2 - mean**2)


def outcome_values(final: Final, reading: Reading) -> np.ndarray:
    """For each branch (rows), the value of each mid-circuit outcome that is read."""
    return np.array([[looked_up(outcome, branch) for outcome in reading.outcomes] for branch in final.branches])


def apply_observable(final: Final, tensor: np.ndarray, terms: Sequence[Term], *, first: int = 0) -> np.ndarray:
    """``Oψ``, or ``Oρ``; ``first`` is how many axes come before those of the wires."""
    total = np.zeros_like(tensor)
    for coefficient, factors in terms:
        part = tensor
        for factor in factors:
            part = apply_matrix(part, factor.matrix, [first + axis for axis in final.axes(factor.wires)])
        total = total + coefficient * part
    return total


def _read_observable(final: Final, reading: Reading, total: float) -> np.ndarray:
    mean, square = 0j, 0j
    for branch in final.branches:
        acted = apply_observable(final, branch.tensor, reading.terms)
        if final.mixed:
            size = math.isqrt(acted.size)
            mean += complex(np.trace(acted.reshape(size, size)))
            if reading.kind == "var":
                square += complex(np.trace(apply_observable(final, acted, reading.terms).reshape(size, size)))
        else:
            mean += complex(np.vdot(branch.tensor, acted))
            square += complex(np.vdot(acted, acted))
    value = mean / total if reading.kind == "expval" else square / total - (mean / total) ** 2
    return np.asarray(value.real if abs(value.imag) <= 1e-12 * (1 + abs(value)) else value)


def _probabilities(final: Final, branch: Branch, reading: Reading) -> np.ndarray:
    tensor = branch.tensor
    for factor in reading.basis:
        tensor = apply_operator(tensor, factor.matrix, final.axes(factor.wires), final.mixed)
    count = len(final.wires)
    whole = np.diagonal(tensor.reshape(1 << count, 1 << count)).real if final.mixed else np.abs(tensor) ** 2
    return marginal(final, whole, reading.wires)


def marginal(final: Final, whole: np.ndarray, wires: Sequence[Label]) -> np.ndarray:
    """The numbers of the whole basis summed over all wires but these; none stand for all."""
    count = len(final.wires)
    diagonal = whole.reshape((2,) * count)
    axes = final.axes(wires or final.wires)
    rest = tuple(axis for axis in range(count) if axis not in axes)
    kept = sorted(axes)
    return np.transpose(diagonal.sum(axis=rest), [kept.index(axis) for axis in axes]).reshape(-1)


def _state_vector(final: Final, total: float) -> np.ndarray:
    if len(final.branches) != 1:
        raise NotSimulated("the state after a mid-circuit measurement is not pure")
    return final.branches[0].tensor.reshape(-1) / math.sqrt(total)


def density_matrix(final: Final, wires: Sequence[Label], total: float = 1.0) -> np.ndarray:
    """The reduced density matrix of some wires, in their order."""
    axes = final.axes(wires)
    count, size = len(final.wires), 1 << len(axes)
    order = [*axes, *(axis for axis in range(count) if axis not in axes)]
    result = np.zeros((size, size), dtype=np.complex128)
    for branch in final.branches:
        if final.mixed:
            rest = 1 << (count - len(axes))
            both = np.transpose(branch.tensor, order + [count + axis for axis in order])
            result += np.trace(both.reshape(size, rest, size, rest), axis1=1, axis2=3)
        else:
            rows = np.transpose(branch.tensor, order).reshape(size, -1)
            result += rows @ rows.conj().T
    return result / total


def _read_density(final: Final, reading: Reading, total: float) -> np.ndarray:
    matrix = density_matrix(final, reading.wires or final.wires, total)
    if reading.kind in ("state", "density"):
        return matrix
    if reading.kind == "purity":
        return np.asarray(np.trace(matrix @ matrix).real)
    if reading.kind == "entropy":
        return np.asarray(_entropy(matrix, reading.log_base))
    other = density_matrix(final, reading.others, total)
    both = density_matrix(final, (*reading.wires, *reading.others), total)
    return np.asarray(sum(sign * _entropy(m, reading.log_base) for sign, m in ((1, matrix), (1, other), (-1, both))))


def _entropy(matrix: np.ndarray, base: float) -> float:
    values = np.linalg.eigvalsh(matrix)
    positive = values[values > 0]
    return float(-(positive * np.log(positive)).sum()) / math.log(base)


# --- matrices of whole products ----------------------------------------------------------------------------------------


def dense(terms: Sequence[Term], wires: Sequence[Label], limit: int = 10) -> np.ndarray:
    """The matrix of a sum of products on all of these wires."""
    if len(wires) > limit:
        raise NotSimulated(f"a matrix on {len(wires)} wires")
    size = 1 << len(wires)
    identity = np.eye(size, dtype=np.complex128).reshape((2,) * (2 * len(wires)))
    final = Final((), tuple(wires), mixed=True, selected=False)
    return apply_observable(final, identity, terms).reshape(size, size)


def defect(step: Union[Step, Reading]) -> float:
    """How far a step is from physical: a matrix from unitary, a channel from trace-preserving, a state from norm one, …"""
    if isinstance(step, Factor) and step.selects:
        return _apart(step.matrix @ step.matrix, step.matrix)
    if isinstance(step, Factor):
        return _apart(step.matrix.conj().T @ step.matrix, np.eye(len(step.matrix)))
    if isinstance(step, Channel):
        total = sum(w * k.conj().T @ k for w, k in zip(step.weights, step.matrices))
        return _apart(np.asarray(total), np.eye(len(step.matrices[0])))
    if isinstance(step, Preparation):
        norm = np.trace(step.state) if step.state.ndim == 2 else np.linalg.norm(step.state)
        return float(abs(norm - 1))
    if isinstance(step, Conditioned):
        return max((defect(inner) for inner in step.steps), default=0.0)
    if isinstance(step, Reading) and step.terms:
        wires = tuple(dict.fromkeys(wire for _, factors in step.terms for factor in factors for wire in factor.wires))
        matrix = dense(step.terms, wires) if len(wires) <= 6 else np.zeros((1, 1))
        return _apart(matrix, matrix.conj().T)
    return 0.0


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(np.abs(one - other), initial=0.0))
