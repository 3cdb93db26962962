"""One method held against the arbiter's reference: how far it is away, and what its own precision explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.judging.arbiter.circuit_function import coordinates
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.arbiter.second_derivative import SecondDerivative
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature
from qdiag.model.element import Element, trainable_names
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import Law
from qdiag.model.numerics.surfaces import tangential

Cotangents = Sequence[Sequence[Optional[np.ndarray]]]


@dataclass(frozen=True)
class MethodVerdict:
    """What the arbiter found about one method.

    Parameters
    ----------
    method
        The method.
    verdict
        ``right`` · ``wrong`` · ``raised`` · ``unknown`` · ``elsewhere`` (wrong, but not in the entry that is asked about).
    where
        The kind of difference that decided; None where nothing was compared.
    gap, bound
        Distance from the reference where it exceeds the bound most, and what rounding and error bar explain there, absolute.
    detail
        A sentence.
    entries
        Entries of the Jacobian that are off, where it was held against all axes: element of the outputs (all in a row), and coordinate.
    held
        The kinds of numbers that were held against the reference: a method is right in nothing else.
    """

    method: Method
    verdict: str
    where: Optional[Signature] = None
    gap: float = 0.0
    bound: float = 0.0
    detail: str = ""
    entries: frozenset[tuple[int, int]] = frozenset()
    held: frozenset[Signature] = frozenset()


@dataclass(frozen=True, eq=False)
class Gap:
    """A tensor of a method beside the reference's, and how far apart they may be; where its first row stands among all outputs."""

    where: Signature
    method: np.ndarray
    reference: np.ndarray
    allowed: np.ndarray
    row: int = 0


def verdicts(
    circuit: Circuit,
    evaluations: Sequence[Evaluation],
    cotangents: Cotangents,
    found: Reference,
    *,
    moved: Sequence[Reference] = (),
    bend: Optional[SecondDerivative] = None,
) -> tuple[MethodVerdict, ...]:
    """Hold each evaluation against a reference.

    Parameters
    ----------
    circuit, evaluations, cotangents, found
        As in `judge`; the reference.
    moved
        The reference at points a rounding error away: what it moves by there is excused.
    bend
        The reference of Hessian-vector products.
    """
    return tuple(_method_verdict(circuit, e, cotangents, found, moved, bend) for e in evaluations)


def _method_verdict(
    circuit: Circuit,
    found: Evaluation,
    cotangents: Cotangents,
    ours: Reference,
    moved: Sequence[Reference],
    bend: Optional[SecondDerivative],
) -> MethodVerdict:
    method = found.method
    if found.failure is not None:
        raised = MethodVerdict(method, "raised", Signature.RAISE, detail=f"{found.failure.type}: {found.failure.message}")
        if found.outputs is None:
            return raised
        # It broke down on the way back: what it gave on the way there may be wrong all the same.
        forward = replace(found, failure=None, vjps=(), jacobian=None, hvp=None)
        judged = _method_verdict(circuit, forward, cotangents, ours, moved, bend)
        return judged if judged.verdict == "wrong" else raised
    if found.method.stochastic:
        return MethodVerdict(method, "unknown", detail="random by construction")
    unphysical = _unphysical(circuit, found, ours)
    if unphysical:
        return MethodVerdict(method, "wrong", Signature.OUTPUT, detail=unphysical)
    if ours.outputs is None:
        return MethodVerdict(method, "unknown", detail=ours.reason)
    misshapen = _shape_mismatch(found, ours)
    if misshapen:
        return MethodVerdict(method, "wrong", Signature.SHAPE, np.inf, 0.0, misshapen)
    gaps = [*_output_gaps(circuit, found, ours, moved), *_slope_gaps(circuit, found, cotangents, ours, moved)]
    gaps += _bend_gaps(circuit, found, bend)
    if not gaps:
        return MethodVerdict(method, "unknown", detail="it gave nothing that the reference can be held against")
    seen = (gap_verdict(method, gap) for gap in gaps)
    worst = max(seen, key=_weight)
    worst = replace(worst, held=frozenset(gap.where for gap in gaps if gap.method.size))
    return replace(worst, entries=_entries(gaps, ours.axes)) if worst.verdict == "wrong" and ours.full else worst


FOLLOWED = 1e3
"""Derivatives of wrong outputs are wrong themselves, by what the outputs are off by, give or take this factor: the outputs decide."""


def _weight(found: MethodVerdict) -> tuple[bool, bool, float]:
    """What decides before what: a number that is lost, then what is furthest beyond its bound, outputs ahead of what follows them."""
    beyond = found.gap / (found.bound or 1)
    return found.verdict == "wrong", found.where is Signature.NAN, beyond * (FOLLOWED if found.where is Signature.OUTPUT else 1.0)


def _entries(gaps: Sequence[Gap], axes: Sequence[int]) -> frozenset[tuple[int, int]]:
    """The entries of the Jacobian that are off, by output element and coordinate."""
    found: set[tuple[int, int]] = set()
    for gap in gaps:
        if gap.where is Signature.JACOBIAN:
            off = np.isfinite(gap.reference) & ~(np.abs(gap.method - gap.reference) <= gap.allowed)
            found.update((gap.row + int(row), axes[int(column)]) for row, column in np.argwhere(off))
    return frozenset(found)


def coordinates_of(circuit: Circuit, element: Element) -> range:
    """The coordinates (see `circuit_function.coordinates`) of the trainable parameter by whose entry an element is a derivative.

    All of the parameter's: along a surface its entries move together.
    """
    start = 0
    for name, position in zip(trainable_names(circuit), circuit.trainable):
        value = circuit.parameters[position].value
        size = value.size * (2 if value.dtype.kind == "c" else 1)
        if name == element.by:
            return range(start, start + size)
        start += size
    return range(0)


def coordinates_first_of(circuit: Circuit, element: Element) -> tuple[int, ...]:
    """The same, the entry itself before the others; of a complex number both parts."""
    every = coordinates_of(circuit, element)
    shape = next(
        (circuit.parameters[k].value.shape for name, k in zip(trainable_names(circuit), circuit.trainable) if name == element.by), ()
    )
    if len(element.at) != len(shape) or not every:
        return tuple(every)
    entry, size = int(np.ravel_multi_index(element.at, shape)) if shape else 0, int(np.prod(shape, dtype=int))
    own = [every[place] for place in range(entry, len(every), size)]
    return (*own, *(k for k in every if k not in own))


def gap_verdict(method: Method, gap: Gap) -> MethodVerdict:
    """The worst element of a pair of tensors."""
    if not gap.method.size:
        return MethodVerdict(method, "unknown", gap.where, detail="it holds no number")
    known = np.isfinite(gap.reference)
    lost = known & ~np.isfinite(gap.method)
    if lost.any():
        index = np.unravel_index(int(np.argmax(lost)), lost.shape)
        values = f"{gap.method[index]} where the reference has {gap.reference[index]:.6g}"
        return MethodVerdict(method, "wrong", Signature.NAN, np.inf, float(gap.allowed[index]), values)
    distance = np.where(known, np.abs(np.where(known, gap.method - gap.reference, 0)), 0.0)
    # where nothing is allowed, nothing off is right and anything off is wrong: 0/0 would hide what else is off
    beyond = np.divide(distance, gap.allowed, out=np.where(distance > 0, np.inf, 0.0), where=gap.allowed > 0)
    index = np.unravel_index(int(np.argmax(beyond)), distance.shape)
    worst, allowed = float(distance[index]), float(gap.allowed[index])
    values = f"{gap.method[index]:.6g} where the reference has {gap.reference[index]:.6g}"
    return MethodVerdict(method, "right" if worst <= allowed else "wrong", gap.where, worst, allowed, values)


def _unphysical(circuit: Circuit, found: Evaluation, ours: Reference) -> str:
    """What about the outputs no physics allows, or ""."""
    for output, limits, norm in zip(found.outputs or (), ours.ranges, ours.norms):
        values = np.asarray(output)
        if limits is None or values.dtype.kind not in "fc" or not np.isfinite(values).all() or circuit.shots:
            continue
        low, high = limits
        slack = Law.of(circuit, (found,)).from_exact(max(abs(low), abs(high), norm), gradient=False) * 4
        if np.max(np.abs(values.imag), initial=0.0) > slack:
            return f"a complex value, {values.reshape(-1)[0]:.6g}, of what is real"
        if np.min(values.real, initial=low) < low - slack or np.max(values.real, initial=high) > high + slack:
            worst = values.real.reshape(-1)[int(np.argmax(np.abs(values.real - (low + high) / 2)))]
            return f"the value {worst:.6g} outside [{low:.6g}, {high:.6g}]"
    return ""


def _shape_mismatch(found: Evaluation, ours: Reference) -> str:
    """Which output has more or fewer numbers than there are, or ""; a state may be a density matrix instead."""
    if len(found.outputs or ()) != len(ours.outputs or ()):
        return ""
    for theirs, mine in zip(found.outputs or (), ours.outputs or ()):
        density = mine.ndim > 0 and np.iscomplexobj(mine) and theirs.size == mine.size * mine.shape[-1]
        if theirs.size != mine.size and not density:
            return f"an output of shape {theirs.shape} where the reference has {mine.shape}"
    return ""


# --- distances and what explains them ----------------------------------------------------------------------------------------


def _output_gaps(circuit: Circuit, found: Evaluation, ours: Reference, moved: Sequence[Reference]) -> list[Gap]:
    gaps, law = [], Law.of(circuit, (found,))
    for i, (theirs, mine) in enumerate(zip(found.outputs or (), ours.outputs or ())):
        values = np.asarray(theirs)
        if values.size != mine.size or values.dtype.kind not in "biufc":
            continue
        values = values.reshape(mine.shape)
        scale = max(ours.norms[i], float(np.max(np.abs(mine), initial=0.0)))
        allowed = np.full(mine.shape, ours.errors[i] + law.from_exact(scale, gradient=False))
        allowed = allowed + _wobble(mine, [other.outputs[i] for other in moved if other.outputs is not None])
        gaps.append(Gap(Signature.OUTPUT, values, mine, allowed))
    return gaps


def _wobble(here: np.ndarray, there: Sequence[np.ndarray]) -> np.ndarray:
    """Twice as much as a reference moves at any of several points; nothing where it is no number there."""
    steps = [np.zeros(here.shape), *(2 * np.abs(other - here) for other in there)]
    return np.asarray(np.max([np.where(np.isfinite(step), step, 0.0) for step in steps], axis=0))


def _slope_gaps(
    circuit: Circuit, found: Evaluation, cotangents: Cotangents, ours: Reference, moved: Sequence[Reference]
) -> list[Gap]:
    """The derivatives along the reference's directions, for each Jacobian and vector-Jacobian product."""
    if not ours.directions.size or ours.outputs is None:
        return []
    gaps, law = [], Law.of(circuit, (found,))
    complex_parameters = any(circuit.parameters[k].value.dtype.kind == "c" for k in circuit.trainable)
    starts = np.cumsum([0, *(output.size for output in ours.outputs)])
    wobble = _wobble(ours.slopes, [other.slopes for other in moved if other.slopes.shape == ours.slopes.shape])
    reach = np.sum(np.abs(ours.directions), axis=1)
    for i, row in enumerate(_tangential(circuit, found.jacobian or ())):
        span = slice(starts[i], starts[i + 1])
        theirs = _along(row, ours, ours.outputs[i].shape)
        # Interfaces do not agree on the Jacobian of complex numbers with respect to complex ones; products are judged instead.
        if theirs is None or (complex_parameters and np.iscomplexobj(ours.outputs[i])):
            continue
        mine = ours.slopes[span]
        scale = max(ours.norms[i], largest(row))
        allowed = ours.slope_errors[span] + wobble[span] + law.from_exact(scale, gradient=True) * reach
        gaps.append(Gap(Signature.JACOBIAN, theirs, mine, allowed, int(starts[i])))
    for cotangent, vjp in zip(cotangents, _tangential(circuit, found.vjps)):
        theirs = _along(vjp, ours, ())
        if theirs is None:
            continue
        weights = weights_of(cotangent, ours)
        mine = np.real(weights.conj() @ np.where(weights[:, None] == 0, 0, ours.slopes))
        size = np.abs(weights)
        floor = sum(norm * float(np.sum(np.abs(c))) for norm, c in zip(ours.norms, cotangent) if c is not None)
        allowed = size @ np.where(size[:, None] == 0, 0, ours.slope_errors + wobble)
        allowed = allowed + law.from_exact(max(floor, largest(vjp)), gradient=True) * reach
        gaps.append(Gap(Signature.VJP, theirs[0], mine, allowed))
    return gaps


def _tangential(circuit: Circuit, rows: Sequence[Sequence[np.ndarray]]) -> list[tuple[np.ndarray, ...]]:
    return [tangential(circuit, [np.asarray(part) for part in row]) for row in rows]


def _bend_gaps(circuit: Circuit, found: Evaluation, bend: Optional[SecondDerivative]) -> list[Gap]:
    """The Hessian-vector product, along its own direction."""
    if bend is None or found.hvp is None or not np.isfinite(bend.value) or found.takes_second_differences:
        return []
    theirs = coordinates(found.hvp)
    if theirs.shape != bend.direction.shape:
        return []
    scale = max(bend.weight, largest(found.hvp)) * float(np.sum(np.abs(bend.direction))) * max(1.0, largest([bend.direction]))
    allowed = bend.error + Law.of(circuit, (found,)).from_exact(scale, gradient=True)
    return [Gap(Signature.SECOND_DERIVATIVE, np.array([theirs @ bend.direction]), np.array([bend.value]), np.array([allowed]))]


def _along(gradients: Sequence[np.ndarray], ours: Reference, shape: tuple[int, ...]) -> Optional[np.ndarray]:
    """Gradients of each element of an output (rows) along each direction (columns); None where their shapes do not fit."""
    count = int(np.prod(shape, dtype=int))
    axes = [np.asarray(gradient) for gradient in gradients]
    if any(axis.size % max(count, 1) for axis in axes) or any(axis.dtype.kind not in "biufc" for axis in axes):
        return None
    blocks = [axis.reshape(count, -1) for axis in axes]
    if sum(block.shape[1] for block in blocks) == ours.directions.shape[1]:
        rows = np.concatenate(blocks, axis=1)
    else:
        # Complex parameters: two real coordinates each.
        rows = np.array([coordinates([block[k] for block in blocks]) for k in range(count)])
    if rows.shape[1] != ours.directions.shape[1]:
        return None
    moving = ours.directions != 0
    return np.stack([rows[:, mask] @ direction[mask] for mask, direction in zip(moving, ours.directions)], axis=1)


def weights_of(cotangent: Sequence[Optional[np.ndarray]], ours: Reference) -> np.ndarray:
    """A cotangent as one row over the elements of all outputs."""
    parts = [
        np.zeros(output.size) if c is None else np.broadcast_to(np.asarray(c), output.shape).reshape(-1)
        for c, output in zip(cotangent, ours.outputs or ())
    ]
    return np.concatenate([np.zeros(0), *parts])


def largest(gradients: Sequence[np.ndarray]) -> float:
    """The largest finite number in some arrays."""
    finite = [np.abs(np.asarray(g)[np.isfinite(g)]) for g in gradients]
    return max((float(np.max(values, initial=0.0)) for values in finite), default=0.0)
