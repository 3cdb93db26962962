"""A small simulator of our own: a circuit's steps as plain matrices, applied one by one to a state vector or density matrix.

Mid-circuit measurements branch the state; branches are unnormalised, so their weights are the probabilities. Nothing here
knows of PennyLane, of gates by name, or of derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Optional, Union

import numpy as np

from qdiag.circuit import Label, Outcome


class NotSimulated(Exception):
    """Why a circuit has no reference: caught by the arbiter, which says it."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A matrix on some wires, first wire most significant."""

    matrix: np.ndarray
    wires: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Channel:
    """Kraus operators on some wires; a weight beside each, so that a probability may be moved a little below zero."""

    weights: tuple[float, ...]
    matrices: tuple[np.ndarray, ...]
    wires: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Preparation:
    """A state vector or a density matrix for wires that are still in their ground state.

    ``slack`` is by how much its norm was off one where PennyLane lets that pass and we normalise: numbers of single precision that
    were normalised before.
    """

    state: np.ndarray
    wires: tuple[Label, ...]
    slack: float = 0.0


@dataclass(frozen=True)
class Measured:
    """A mid-circuit measurement of one wire."""

    wire: Label
    reset: bool = False
    postselect: Optional[int] = None


@dataclass(frozen=True, eq=False)
class Conditioned:
    """Steps for the branches in which a mid-circuit outcome holds."""

    outcome: Outcome
    steps: tuple[Step, ...]


Step = Union[Factor, Channel, Preparation, Measured, Conditioned]

Term = tuple[complex, tuple[Factor, ...]]
"""A coefficient and matrices in order of application: a sum of terms is an observable."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A measurement at the end.

    Parameters
    ----------
    kind
        ``expval`` · ``var`` · ``probs`` · ``state`` · ``density`` · ``purity`` · ``entropy`` · ``mutual-info``.
    terms
        The observable of an expectation value or a variance.
    wires
        What is read, in order; for ``mutual-info`` the first part.
    others
        The second part of ``mutual-info``.
    basis
        Matrices that turn the basis read into the computational one.
    outcomes
        Mid-circuit outcomes, where these are read instead of wires.
    log_base
        Of an entropy.
    """

    kind: str
    terms: tuple[Term, ...] = ()
    wires: tuple[Label, ...] = ()
    others: tuple[Label, ...] = ()
    basis: tuple[Factor, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    log_base: float = math.e


@dataclass(frozen=True, eq=False)
class Branch:
    """An unnormalised state, vector or density matrix, after one row of mid-circuit outcomes."""

    outcomes: tuple[int, ...]
    tensor: np.ndarray


@dataclass(frozen=True, eq=False)
class Final:
    """All branches at the end.

    Parameters
    ----------
    branches
        In order of outcome.
    wires
        The wires of the tensors' axes.
    mixed
        Whether the tensors are density matrices: row axes first, then column axes.
    selected
        Whether branches have been discarded, so that what is read has to be divided by the weight that is left.
    """

    branches: tuple[Branch, ...]
    wires: tuple[Label, ...]
    mixed: bool
    selected: bool

    def axes(self, wires: Sequence[Label]) -> tuple[int, ...]:
        """The (row) axes of some wires."""
        unknown = [wire for wire in wires if wire not in self.wires]
        if unknown:
            raise NotSimulated(f"a decomposition works on wire {unknown[0]!r}, which is not the operation's")
        return tuple(self.wires.index(wire) for wire in wires)


# --- evolving ----------------------------------------------------------------------------------------------------------


def multiplied(tensor: np.ndarray, matrix: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """A tensor with a matrix applied to some of its axes of size 2."""
    count = len(axes)
    if count == 0:
        return np.asarray(tensor * matrix.reshape(()))
    square = matrix.reshape((2,) * (2 * count))
    return np.asarray(np.moveaxis(np.tensordot(square, tensor, axes=(range(count, 2 * count), axes)), range(count), axes))


def sandwiched(tensor: np.ndarray, matrix: np.ndarray, axes: Sequence[int], mixed: bool) -> np.ndarray:
    """``Kψ``, or ``KρK†``."""
    tensor = multiplied(tensor, matrix, axes)
    if mixed:
        columns = [tensor.ndim // 2 + axis for axis in axes]
        tensor = multiplied(tensor, matrix.conj(), columns)
    return tensor


def evolved(steps: Sequence[Step], wires: Sequence[Label]) -> Final:
    """The branches that a circuit ends in, from all wires in their ground state."""
    order = tuple(wires)
    mixed = any(_mixes(step) for step in steps)
    ground = np.zeros((2,) * (len(order) * (2 if mixed else 1)), dtype=np.complex128)
    ground[(0,) * ground.ndim] = 1
    final = Final((Branch((), ground),), order, mixed, selected=False)
    for step in steps:
        final = _after(final, step)
    return final


def _mixes(step: Step) -> bool:
    if isinstance(step, Conditioned):
        return any(_mixes(inner) for inner in step.steps)
    return isinstance(step, Channel) or (isinstance(step, Preparation) and step.state.ndim == 2)


def _after(final: Final, step: Step) -> Final:
    if isinstance(step, Measured):
        branches = tuple(chain.from_iterable(_split(final, branch, step) for branch in final.branches))
        return Final(branches, final.wires, final.mixed, final.selected or step.postselect is not None)
    return Final(tuple(_applied(final, branch, step) for branch in final.branches), final.wires, final.mixed, final.selected)


def _applied(final: Final, branch: Branch, step: Step) -> Branch:
    if isinstance(step, Conditioned):
        if looked_up(step.outcome, branch):
            for inner in step.steps:
                branch = _applied(final, branch, inner)
        return branch
    if isinstance(step, Measured):
        raise NotSimulated("a measurement inside a conditional operation")
    axes = final.axes(step.wires)
    if isinstance(step, Factor):
        return Branch(branch.outcomes, sandwiched(branch.tensor, step.matrix, axes, final.mixed))
    if isinstance(step, Channel):
        parts = (w * sandwiched(branch.tensor, k, axes, True) for w, k in zip(step.weights, step.matrices))
        return Branch(branch.outcomes, np.sum(list(parts), axis=0))
    return Branch(branch.outcomes, _prepared(branch.tensor, step.state, axes, final.mixed))


def _prepared(tensor: np.ndarray, state: np.ndarray, axes: tuple[int, ...], mixed: bool) -> np.ndarray:
    """The tensor product of a new state on some wires with what the others were in while these were in their ground state."""
    if mixed:
        state = state if state.ndim == 2 else np.outer(state, state.conj())
        axes = axes + tuple(tensor.ndim // 2 + axis for axis in axes)
    ground = tuple(0 if axis in axes else slice(None) for axis in range(tensor.ndim))
    product = np.multiply.outer(state.reshape((2,) * len(axes)), tensor[ground])
    return np.moveaxis(product, range(len(axes)), axes)


def _split(final: Final, branch: Branch, step: Measured) -> list[Branch]:
    axes = final.axes((step.wire,))
    branches = []
    for outcome in (0, 1):
        if step.postselect is not None and outcome != step.postselect:
            continue
        projector = np.zeros((2, 2), dtype=np.complex128)
        projector[0 if step.reset else outcome, outcome] = 1
        branches.append(Branch((*branch.outcomes, outcome), sandwiched(branch.tensor, projector, axes, final.mixed)))
    return branches


def looked_up(outcome: Outcome, branch: Branch) -> float:
    """The value of a mid-circuit outcome in a branch."""
    position = 0
    for measurement in outcome.measurements:
        position = 2 * position + branch.outcomes[measurement]
    return float(outcome.table[position])


# --- reading -----------------------------------------------------------------------------------------------------------


def read(final: Final, reading: Reading) -> np.ndarray:
    """What a measurement gives."""
    weights = np.array([_trace(branch.tensor, final.mixed) for branch in final.branches])
    total = float(weights.sum()) if final.selected else 1.0
    if final.selected and total < 1e-14:
        raise NotSimulated("the postselected outcome has no probability")
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
    values = np.array([[looked_up(outcome, branch) for outcome in reading.outcomes] for branch in final.branches])
    if reading.kind == "probs":
        bits = values.astype(int) @ (1 << np.arange(values.shape[1])[::-1])
        return np.bincount(bits, weights, minlength=1 << values.shape[1])
    if reading.kind not in ("expval", "var") or values.shape[1] != 1:
        raise NotSimulated(f"{reading.kind} of mid-circuit measurements")
    mean = weights @ values[:, 0]
    return np.asarray(mean if reading.kind == "expval" else weights @ values[:, 0] ** 2 - mean**2)


def _acted(final: Final, tensor: np.ndarray, terms: Sequence[Term]) -> np.ndarray:
    """``Oψ``, or ``Oρ``."""
    total = np.zeros_like(tensor)
    for coefficient, factors in terms:
        part = tensor
        for factor in factors:
            part = multiplied(part, factor.matrix, final.axes(factor.wires))
        total = total + coefficient * part
    return total


def _read_observable(final: Final, reading: Reading, total: float) -> np.ndarray:
    mean, square = 0j, 0j
    for branch in final.branches:
        acted = _acted(final, branch.tensor, reading.terms)
        if final.mixed:
            size = math.isqrt(acted.size)
            mean += complex(np.trace(acted.reshape(size, size)))
            if reading.kind == "var":
                square += complex(np.trace(_acted(final, acted, reading.terms).reshape(size, size)))
        else:
            mean += complex(np.vdot(branch.tensor, acted))
            square += complex(np.vdot(acted, acted))
    value = mean / total if reading.kind == "expval" else square / total - (mean / total) ** 2
    return np.asarray(value.real if abs(value.imag) <= 1e-12 * (1 + abs(value)) else value)


def _probabilities(final: Final, branch: Branch, reading: Reading) -> np.ndarray:
    tensor = branch.tensor
    for factor in reading.basis:
        tensor = sandwiched(tensor, factor.matrix, final.axes(factor.wires), final.mixed)
    count = len(final.wires)
    whole = np.diagonal(tensor.reshape(1 << count, 1 << count)).real if final.mixed else np.abs(tensor) ** 2
    diagonal = whole.reshape((2,) * count)
    axes = final.axes(reading.wires or final.wires)
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
    return _acted(final, identity, terms).reshape(size, size)


def defect(step: Union[Step, Reading]) -> float:
    """How far a step is from physical: a matrix from unitary, a channel from trace-preserving, a state from norm one, …"""
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
