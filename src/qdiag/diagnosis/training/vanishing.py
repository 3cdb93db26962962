"""QD807: gradients that are right and of no use. Which kind it is, and nothing of it before the gradient is known to be right.

What costs nothing comes first: only where a tensor had a gradient of zero at all steps, where the loss did not move, where shots were
taken, or where a step was longer than a period, are circuits evaluated again, a few calls at their own points and at random ones.

- *A step longer than the landscape's period*: angles jump by more than half a turn from step to step.
- *Zero by structure*: what is measured cannot be reached, or does not depend on it (`structure`).
- *Shot noise*: the gradient that came back is further from the exact one than that is from zero.
- *A stationary point*: all derivatives are zero where the training stands, and not elsewhere.
- *A plateau*: the largest derivative is as small as on random states, where the training stands and at random points alike, and the
  results are no better than there. A training that has arrived, or began close to the best, has small derivatives, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np

from qdiag.diagnosis.training import structure
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.landscape import Landscape, angles_of, is_known, landscape_of, slopes_at, stands_in_a_valley
from qdiag.diagnosis.training.leaps import leaps
from qdiag.diagnosis.training.trained_calls import LEAST, is_unmoved, remark_of_vanishing, trained_calls, weight_of
from qdiag.judging import probe_findings
from qdiag.model.call import Backward, Call
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Evidence, Outcome
from qdiag.model.remarks import Remark
from qdiag.model.training import Gradient, Leaf, ParameterStep

FLAT = 1e-6
"""Of the cotangent: gradients that are no larger are zero, in any precision."""

STEEP = 0.05
"""A derivative that large at random points is nothing that vanishes."""

PLATEAU_WIRES = 8
"""On fewer wires a plateau is no word for small derivatives."""

AS_ON_RANDOM_STATES = 4.0
"""Times what random states give: the largest of many derivatives is that much larger than their root mean square."""

NOISY = 3.0
"""A gradient whose noise is larger than so many times its size points nowhere."""

DIVIDING = frozenset({"finite-diff", "spsa"})
"""Methods that divide differences of estimates by a step: that makes noise large, and the finding about the methods says so."""

RIGHT = 1e-2
"""Of the cotangent: recorded gradients further from the exact ones are not known to be right."""


def remarks(history: History) -> Iterator[Remark]:
    """Of gradients that are right, and vanish; at most one for each QNode."""
    doubted = {d.call.configuration.qnode for d in history.located.divergences if d.verdict is Verdict.ERROR}
    for probe in history.recording.probes:
        call = history.recording.call(probe.call)
        if probe_findings.divergences(probe, call):
            doubted.add(call.configuration.qnode)
    for qnode, calls in trained_calls(history).items():
        if qnode not in doubted and len({call.step for call in calls}) >= LEAST:
            found = next((remark for look in _LOOKS for remark in look(history, calls)), None)
            if found is not None:
                yield found


# --- zero by structure ------------------------------------------------------------------------------------------------------


DEAD_REMEDY = "take the parameter out, or let what is measured depend on it: entangle behind it, or measure its wires in another basis"


def _dead(history: History, calls: Sequence[Call]) -> Iterator[Remark]:
    first = calls[0]
    starved = _starved(history, calls)
    for leaf in starved:
        why = structure.zero_by_structure(history, first, leaf.values)
        if why:
            name = leaf.name or f"a parameter of shape {leaf.shape}"
            because = f"the gradient of {name} is zero at each step, and rightly so: {why}"
            yield remark_of_vanishing(calls, because, DEAD_REMEDY, (_at_random_points(),))
            return
    if starved or (is_unmoved(history) and not _came_back_larger(calls, FLAT)):
        yield from _all_dead(calls, landscape_of(history, first, structure.POINTS))


def _all_dead(calls: Sequence[Call], landscape: Optional[Landscape]) -> Iterator[Remark]:
    if landscape is not None and landscape.dead.all():
        why = structure.said_of_dead(calls[0].circuit, landscape, landscape.dead)
        because = f"no trained number of {calls[0].configuration.qnode} has a derivative but zero, at any point: {why}"
        yield remark_of_vanishing(calls, because, DEAD_REMEDY, (_at_random_points(),))


def _at_random_points() -> Evidence:
    return Evidence(f"all angles at {structure.POINTS} random points", 0.0, 0.0, Outcome.PERSISTS, True)


def _starved(history: History, calls: Sequence[Call]) -> list[Leaf]:
    """Tensors whose gradient was zero at all sampled steps, up to rounding, and arguments that PennyLane's optimisers never moved."""
    training, weight = history.training, max(map(weight_of, calls))
    seen: dict[int, list[ParameterStep]] = {}
    for step in training.steps:
        for parameter in step.fact.parameters:
            seen.setdefault(parameter.token, []).append(parameter)
    found = [training.leaf(token) for token, steps in seen.items() if all(_is_zero(step, weight) for step in steps)]
    moved: dict[str, set[Optional[bool]]] = {}
    for step in training.steps:
        for argument in step.fact.arguments:
            if argument.trainable:
                moved.setdefault(argument.name, set()).add(argument.moved)
    return found + [Leaf(-1, (), "", name) for name, moves in moved.items() if moves == {False}]


def _is_zero(step: ParameterStep, weight: float) -> bool:
    return step.gradient is Gradient.ZERO or (step.gradient is Gradient.SOME and step.size <= FLAT * weight)


# --- shots, stationary points, plateaus -------------------------------------------------------------------------------------


class _Point(NamedTuple):
    """What is exact at a call: the gradient of what came back to it, its weight, and how far the recorded gradient is from it."""

    call: Call
    exact: np.ndarray
    weight: float
    off: Optional[float]

    @property
    def size(self) -> float:
        """The largest entry, for a cotangent of one."""
        return float(np.max(np.abs(self.exact), initial=0.0)) / self.weight


def _points(history: History, calls: Sequence[Call]) -> list[_Point]:
    """The first call, one in the middle and the last, evaluated exactly at their own numbers."""
    found = [_point(history, call) for call in _chosen(calls) if is_known(call)]
    return [point for point in found if point is not None] if None not in found else []


def _point(history: History, call: Call) -> Optional[_Point]:
    angles, backward = angles_of(call.circuit), call.backwards[0]
    exact = slopes_at(history, call, call.circuit, angles, [backward.cotangents]) if angles else None
    if exact is None:
        return None
    return _Point(call, exact[0], weight_of(call), _off(call, backward, exact[0]))


def _off(call: Call, backward: Backward, exact: np.ndarray) -> Optional[float]:
    """The root mean square of what the recorded gradients are away from the exact ones; None where none were recorded."""
    recorded = _recorded(call, backward)
    known = ~np.isnan(recorded)
    return float(np.sqrt(np.mean((recorded - exact)[known] ** 2))) if known.any() else None


def _recorded(call: Call, backward: Backward) -> np.ndarray:
    """What came back to each entry of a call's angles, as far as that is this call's own; NaN for the others."""
    order = {position: k for k, position in enumerate(call.circuit.trainable)}
    found = [np.zeros(0)]
    for angle in angles_of(call.circuit):
        k = order[angle.position]
        gradient = backward.gradients[k] if k < len(backward.gradients) and k < len(backward.exact) and backward.exact[k] else None
        if gradient is None or gradient.size != angle.size:
            gradient = np.full(angle.size, np.nan)
        found.append(np.real(gradient).reshape(-1))
    return np.concatenate(found)


def _came_back_larger(calls: Sequence[Call], size: float) -> bool:
    """Whether the script's own gradients say, without an evaluation, that a derivative is larger for a cotangent of one.

    Even where they are off by as much as right ones may be (`RIGHT`), all of it in one entry; of others nothing is said anyway.
    """
    for call in _chosen(calls):
        recorded = _recorded(call, call.backwards[0])
        known = recorded[~np.isnan(recorded)]
        if known.size and not call.circuit.shots and np.max(np.abs(known)) / weight_of(call) - RIGHT * math.sqrt(known.size) > size:
            return True
    return False


def _chosen(calls: Sequence[Call]) -> list[Call]:
    """The first call, one in the middle and the last."""
    return [calls[k] for k in dict.fromkeys([0, len(calls) // 2, len(calls) - 1])]


def _noisy(history: History, calls: Sequence[Call]) -> Iterator[Remark]:
    if not calls[0].circuit.shots:
        return
    points = _points(history, calls)
    if len(points) < LEAST:
        return
    if max(point.size for point in points) <= FLAT:
        yield from _nothing_there(history, calls)
        return
    ratios = [(point.off or 0.0) / float(np.sqrt(np.mean(point.exact**2)) or math.inf) for point in points]
    if min(ratios) < NOISY or calls[0].method.diff_method in DIVIDING:
        return
    (shots,), ratio = calls[0].circuit.shots, sorted(ratios)[len(ratios) // 2]
    because = (
        f"the noise of {shots} shots in the gradient of {calls[0].configuration.qnode} is {ratio:.3g} times the gradient itself, from "
        f"the beginning of the training to its end: without shots the derivatives are {points[0].size:.2g} of the cotangent at most; "
        f"with some {shots * ratio**2:.1g} shots they would be as large as the noise"
    )
    tried = Evidence("without shots", ratio, 0.0, Outcome.HEALS, True, "noise over gradient")
    remedy = f"more shots (about {shots * ratio**2:.1g}), an analytic device, or a start where derivatives are larger"
    yield remark_of_vanishing(calls, because, remedy, (tried,))


def _nothing_there(history: History, calls: Sequence[Call]) -> Iterator[Remark]:
    """Derivatives that are zero where the training stands: by structure, or at this point alone."""
    landscape = landscape_of(history, calls[0])
    if landscape is not None:
        yield from _all_dead(calls, landscape)
        if landscape.spread[0] >= STEEP:
            yield _stationary(calls, landscape)


def _flat(history: History, calls: Sequence[Call]) -> Iterator[Remark]:
    """A stationary point, or a plateau."""
    random = _on_random_states(calls[0])
    if calls[0].circuit.shots or not is_unmoved(history) or _came_back_larger(calls, max(FLAT, AS_ON_RANDOM_STATES * random)):
        return
    points = _points(history, calls)
    right = all(point.off is None or point.off <= RIGHT * point.weight for point in points)
    if len(points) < LEAST or not right:
        return
    largest = max(point.size for point in points)
    if largest <= FLAT:
        yield from _nothing_there(history, calls)
    elif largest <= AS_ON_RANDOM_STATES * random and not stands_in_a_valley(history, calls[0]):
        landscape = landscape_of(history, calls[0])
        if landscape is not None and landscape.spread[0] <= AS_ON_RANDOM_STATES * random:
            yield _plateau(calls, landscape, largest, random)


def _on_random_states(call: Call) -> float:
    """The root mean square of a Pauli rotation's derivative on random states; nothing on so few wires that it is of ordinary size."""
    wires = len(call.circuit.wires)
    return 2.0 ** (-(wires + 1) / 2) if wires >= PLATEAU_WIRES else 0.0


def _stationary(calls: Sequence[Call], landscape: Landscape) -> Remark:
    outputs = np.concatenate([np.ravel(output) for output in calls[0].outputs or ()])
    extreme = bool(np.all(np.abs(np.abs(outputs) - 1) <= FLAT))
    what = "its results are at the ends of their range" if extreme else "it is a stationary point"
    because = (
        f"all derivatives of {calls[0].configuration.qnode} are zero where the training begins and stays, since {what}; "
        f"at random points the largest is {landscape.spread[0]:.2g}"
    )
    tried = Evidence(f"angles at {len(landscape.slopes)} random points", 0.0, landscape.spread[0], Outcome.MOVES, True)
    return remark_of_vanishing(calls, because, "begin elsewhere: small random angles instead of zeros, or π/2 away from here", (tried,))


def _plateau(calls: Sequence[Call], landscape: Landscape, largest: float, random: float) -> Remark:
    spread, low, high = landscape.spread
    wires, points = len(calls[0].circuit.wires), len(landscape.slopes)
    because = (
        f"a plateau: over {points} random points the largest derivative of {calls[0].configuration.qnode} has a root mean square of "
        f"{spread:.2g} ({low:.2g} to {high:.2g}), where random states of {wires} wires give {random:.2g} and each two wires more half "
        f"of that; in the training the largest was {largest:.2g}, and the loss did not move"
    )
    tried = Evidence(f"angles at {points} random points", largest, spread, Outcome.PERSISTS, True)
    remedy = "fewer layers, a start near the identity, observables on few wires, or layers trained one after another"
    return remark_of_vanishing(calls, because, remedy, (tried,))


_LOOKS = (leaps, _dead, _noisy, _flat)
"""What is looked for, in this order: the first that is found is told."""
