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

from qdiag.model.node import Label, MeasuredOutcome


class NotSimulated(Exception):
    """Why a circuit has no reference: caught by the arbiter, which says it."""


class NothingSelected(NotSimulated):
    """What is postselected never happens."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A matrix on some wires, first wire most significant.

    ``selects`` is set for a projector that stands for a postselected measurement: what is left is divided by its weight.
    """

    matrix: np.ndarray
    wires: tuple[Label, ...]
    selects: bool = False


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

    outcome: MeasuredOutcome
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
    outcomes: tuple[MeasuredOutcome, ...] = ()
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
            known = ", ".join(map(repr, self.wires))
            raise NotSimulated(f"something works on wire {unknown[0]!r}, which is none of those at hand: {known}")
        return tuple(self.wires.index(wire) for wire in wires)


# --- evolving ----------------------------------------------------------------------------------------------------------


def apply_matrix(tensor: np.ndarray, matrix: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """A tensor with a matrix applied to some of its axes of size 2."""
    count = len(axes)
    if count == 0:
        return np.asarray(tensor * matrix.reshape(()))
    square = matrix.reshape((2,) * (2 * count))
    return np.asarray(np.moveaxis(np.tensordot(square, tensor, axes=(range(count, 2 * count), axes)), range(count), axes))


def apply_operator(tensor: np.ndarray, matrix: np.ndarray, axes: Sequence[int], mixed: bool) -> np.ndarray:
    """``Kψ``, or ``KρK†``."""
    tensor = apply_matrix(tensor, matrix, axes)
    if mixed:
        columns = [tensor.ndim // 2 + axis for axis in axes]
        tensor = apply_matrix(tensor, matrix.conj(), columns)
    return tensor


def evolve(steps: Sequence[Step], wires: Sequence[Label]) -> Final:
    """The branches that a circuit ends in, from all wires in their ground state."""
    order = tuple(wires)
    mixed = any(mixes(step) for step in steps)
    final = Final((Branch((), ground_state(len(order), mixed)),), order, mixed, selected=False)
    for step in steps:
        final = _after(final, step)
    return final


def ground_state(count: int, mixed: bool) -> np.ndarray:
    """So many wires in their ground state, as a vector or a density matrix."""
    ground = np.zeros((2,) * (count * (2 if mixed else 1)), dtype=np.complex128)
    ground[(0,) * ground.ndim] = 1
    return ground


def mixes(step: Step) -> bool:
    """Whether a state vector is no longer enough after a step."""
    if isinstance(step, Conditioned):
        return any(mixes(inner) for inner in step.steps)
    return isinstance(step, Channel) or (isinstance(step, Preparation) and step.state.ndim == 2)


def _after(final: Final, step: Step) -> Final:
    if isinstance(step, Measured):
        branches = tuple(chain.from_iterable(_split(final, branch, step) for branch in final.branches))
        return Final(branches, final.wires, final.mixed, final.selected or step.postselect is not None)
    selected = final.selected or (isinstance(step, Factor) and step.selects)
    return Final(tuple(_apply_step(final, branch, step) for branch in final.branches), final.wires, final.mixed, selected)


def _apply_step(final: Final, branch: Branch, step: Step) -> Branch:
    if isinstance(step, Conditioned):
        if looked_up(step.outcome, branch):
            for inner in step.steps:
                branch = _apply_step(final, branch, inner)
        return branch
    if isinstance(step, Measured):
        raise NotSimulated("a measurement inside a conditional operation")
    axes = final.axes(step.wires)
    if isinstance(step, Factor):
        return Branch(branch.outcomes, apply_operator(branch.tensor, step.matrix, axes, final.mixed))
    if isinstance(step, Channel):
        parts = (w * apply_operator(branch.tensor, k, axes, True) for w, k in zip(step.weights, step.matrices))
        return Branch(branch.outcomes, np.sum(list(parts), axis=0))
    return Branch(branch.outcomes, _prepare(branch.tensor, step.state, axes, final.mixed))


def _prepare(tensor: np.ndarray, state: np.ndarray, axes: tuple[int, ...], mixed: bool) -> np.ndarray:
    """The tensor product of a new state on some wires with what the others were in while these were in their ground state."""
    if mixed:
        state = state if state.ndim == 2 else np.outer(state, state.conj())
        axes = axes + tuple(tensor.ndim // 2 + axis for axis in axes)
    ground = tuple(0 if axis in axes else slice(None) for axis in range(tensor.ndim))
    product = np.multiply.outer(state.reshape((2,) * len(axes)), tensor[ground])
    return np.moveaxis(product, range(len(axes)), axes)


def _split(final: Final, branch: Branch, step: Measured) -> list[Branch]:
    axes = final.axes((step.wire,))
    return [
        Branch((*branch.outcomes, outcome), apply_operator(branch.tensor, projector(step, outcome), axes, final.mixed))
        for outcome in (0, 1)
        if step.postselect in (None, outcome)
    ]


def projector(step: Measured, outcome: int) -> np.ndarray:
    """What a measurement with this outcome multiplies the state with."""
    found = np.zeros((2, 2), dtype=np.complex128)
    found[0 if step.reset else outcome, outcome] = 1
    return found


def looked_up(outcome: MeasuredOutcome, branch: Branch) -> float:
    """The value of a mid-circuit outcome in a branch."""
    position = 0
    for measurement in outcome.measurements:
        position = 2 * position + branch.outcomes[measurement]
    return float(outcome.table[position])
