"""Tangents: a state and its derivatives along several directions evolve together, through the same matrices.

Where a step holds the matrix ``U``, and ``U'`` is its derivative along a direction, the tangent ``t`` of the state ``ψ`` becomes
``U t + U' ψ``; density matrices, channels, preparations and branches likewise. So a slope along a direction costs one more row of the
arrays that the simulation moves anyway, is exact to rounding, and there is no step size to choose. Nothing here is a rule for gates:
derivatives of steps are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Union

import numpy as np

from qdiag.model.node import Label
from qdiag.model.numerics.states import (
    Branch,
    Channel,
    Conditioned,
    Factor,
    Final,
    Measured,
    NotSimulated,
    Preparation,
    Step,
    apply_matrix,
    ground_state,
    looked_up,
    mixes,
    projector,
)

Moves = Mapping[int, Step]
"""The derivatives of a step along the directions that move it: steps of the same kind that hold the derivatives of its arrays."""


@dataclass(frozen=True, eq=False)
class Moving:
    """A step, and how it moves along each direction that moves it."""

    step: Step
    moves: Moves


def arrays_of(step: Step) -> list[np.ndarray]:
    """The numbers of a step that may move."""
    if isinstance(step, Factor):
        return [step.matrix]
    if isinstance(step, Channel):
        return [np.asarray(step.weights), *step.matrices]
    if isinstance(step, Preparation):
        return [step.state]
    if isinstance(step, Conditioned):
        return [array for inner in step.steps for array in arrays_of(inner)]
    return []


def with_arrays(step: Step, arrays: Sequence[np.ndarray]) -> Step:
    """A step of the same kind that holds other numbers."""
    if isinstance(step, Factor):
        return replace(step, matrix=arrays[0])
    if isinstance(step, Channel):
        return replace(step, weights=tuple(complex(w).real for w in arrays[0]), matrices=tuple(arrays[1:]))
    if isinstance(step, Preparation):
        return replace(step, state=arrays[0])
    if isinstance(step, Conditioned):
        inside, start = [], 0
        for inner in step.steps:
            stop = start + len(arrays_of(inner))
            inside.append(with_arrays(inner, arrays[start:stop]))
            start = stop
        return replace(step, steps=tuple(inside))
    return step


def skeleton_of(step: Step) -> tuple[object, ...]:
    """What has to be the same of a step wherever it is moved: all but its numbers."""
    shapes = tuple(array.shape for array in arrays_of(step))
    if isinstance(step, Conditioned):
        return (step.outcome, *(skeleton_of(inner) for inner in step.steps))
    if isinstance(step, Measured):
        return (step,)
    return (type(step).__name__, step.wires, shapes, isinstance(step, Factor) and step.selects)


# --- evolving ----------------------------------------------------------------------------------------------------------


def evolve_tangents(steps: Sequence[Union[Step, Moving]], wires: Sequence[Label], count: int) -> Final:
    """The branches that a circuit ends in, and their derivatives along ``count`` directions.

    Returns
    -------
    Final
        Its tensors have one axis more, which comes first: the state, then its tangents.
    """
    order = tuple(wires)
    plain = [step.step if isinstance(step, Moving) else step for step in steps]
    mixed = any(mixes(step) for step in plain)
    ground = ground_state(len(order), mixed)
    stack = np.concatenate([ground[None], np.zeros((count, *ground.shape), dtype=np.complex128)])
    final = Final((Branch((), stack),), order, mixed, selected=False)
    for step in steps:
        final = _after(final, step) if isinstance(step, Moving) else _after(final, Moving(step, {}))
    return final


def _after(final: Final, moving: Moving) -> Final:
    step = moving.step
    if isinstance(step, Measured):
        branches = [part for branch in final.branches for part in _split(final, branch, step)]
        return replace(final, branches=tuple(branches), selected=final.selected or step.postselect is not None)
    selected = final.selected or (isinstance(step, Factor) and step.selects)
    branches = [Branch(branch.outcomes, _moved(final, branch, step, moving.moves)) for branch in final.branches]
    return replace(final, branches=tuple(branches), selected=selected)


def _moved(final: Final, branch: Branch, step: Step, moves: Moves) -> np.ndarray:
    stack = branch.tensor
    if isinstance(step, Conditioned):
        if looked_up(step.outcome, branch):
            for k, inner in enumerate(step.steps):
                inside = {d: move.steps[k] for d, move in moves.items() if isinstance(move, Conditioned)}
                stack = _moved(final, Branch(branch.outcomes, stack), inner, inside)
        return stack
    if isinstance(step, Measured):
        raise NotSimulated("a measurement inside a conditional operation")
    axes = tuple(1 + axis for axis in final.axes(step.wires))
    if isinstance(step, Factor):
        after = _between(stack, step.matrix, step.matrix, axes, final.mixed)
        for d, move in moves.items():
            assert isinstance(move, Factor)
            after[1 + d] += _slope_between(stack[:1], step.matrix, move.matrix, axes, final.mixed)[0]
        return after
    if isinstance(step, Channel):
        return _through_channel(stack, step, moves, axes)
    return _prepare(stack, step, moves, axes, final.mixed)


def _between(stack: np.ndarray, left: np.ndarray, right: np.ndarray, axes: Sequence[int], mixed: bool) -> np.ndarray:
    """``Lψ``, or ``LρR†``, of every row."""
    stack = apply_matrix(stack, left, axes)
    if mixed:
        half = (stack.ndim - 1) // 2
        stack = apply_matrix(stack, right.conj(), [half + axis for axis in axes])
    return stack


def _slope_between(stack: np.ndarray, matrix: np.ndarray, slope: np.ndarray, axes: Sequence[int], mixed: bool) -> np.ndarray:
    found = _between(stack, slope, matrix, axes, mixed)
    return found + _between(stack, matrix, slope, axes, mixed) if mixed else found


def _through_channel(stack: np.ndarray, step: Channel, moves: Moves, axes: tuple[int, ...]) -> np.ndarray:
    after = np.zeros_like(stack)
    for weight, kraus in zip(step.weights, step.matrices):
        after += weight * _between(stack, kraus, kraus, axes, True)
    state = stack[:1]
    for d, move in moves.items():
        assert isinstance(move, Channel)
        for k, (weight, kraus) in enumerate(zip(step.weights, step.matrices)):
            if move.weights[k]:
                after[1 + d] += move.weights[k] * _between(state, kraus, kraus, axes, True)[0]
            if move.matrices[k].any():
                after[1 + d] += weight * _slope_between(state, kraus, move.matrices[k], axes, True)[0]
    return after


def _prepare(stack: np.ndarray, step: Preparation, moves: Moves, axes: tuple[int, ...], mixed: bool) -> np.ndarray:
    """The tensor product of a new state on some wires with what the others were in while these were in their ground state."""
    half = (stack.ndim - 1) // 2
    both = axes + tuple(half + axis for axis in axes) if mixed else axes
    ground = stack[tuple(0 if axis in both else slice(None) for axis in range(stack.ndim))]

    def multiplied(state: np.ndarray, rest: np.ndarray) -> np.ndarray:
        return np.moveaxis(np.multiply.outer(state.reshape((2,) * len(both)), rest), range(len(both)), both)

    state = _as_density(step.state, step.state) if mixed and step.state.ndim == 1 else step.state
    after = np.asarray(multiplied(state, ground))
    for d, move in moves.items():
        assert isinstance(move, Preparation)
        slope = move.state
        if mixed and slope.ndim == 1:
            slope = _as_density(slope, step.state) + _as_density(step.state, slope)
        after[1 + d] += multiplied(slope, ground[:1])[0]
    return after


def _as_density(ket: np.ndarray, bra: np.ndarray) -> np.ndarray:
    return np.outer(ket, bra.conj())


def _split(final: Final, branch: Branch, step: Measured) -> list[Branch]:
    axes = tuple(1 + axis for axis in final.axes((step.wire,)))
    return [
        Branch((*branch.outcomes, outcome), _between(branch.tensor, found, found, axes, final.mixed))
        for outcome, found in ((outcome, projector(step, outcome)) for outcome in (0, 1))
        if step.postselect in (None, outcome)
    ]
