"""QNodes to which no loss ever sends anything: the cotangent is exactly zero, or none arrives, at every call that a loss could ask.

That alone is no fault: a phase may be frozen, a margin kept, an output be for the eye only. What is one, the script itself tells, in
copies of its process in which the QNode's outputs were moved: a loss that small moves leave as it is to the last bit, and large ones
change, follows the outputs in jumps, or lies where it is flat; no gradient leads it anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import ZERO_COTANGENT
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.steps_in_source import lines_with_steps
from qdiag.model.call import Call, SourceLine
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Evidence, Outcome
from qdiag.model.remarks import Remark
from qdiag.model.step_probe import LARGE, SMALL, Answer, Moved, Spot, StepProbe

STEPS = frozenset(
    ["sign", "sgn", "round", "rint", "around", "fix", "floor", "ceil", "trunc", "heaviside", "floor_divide", "bucketize"]
    + ["argmax", "argmin", "argsort", "argpartition", "searchsorted", "digitize", "count_nonzero", "nonzero"]
    + ["gt", "lt", "ge", "le", "eq", "ne", "greater", "less", "greater_equal", "less_equal", "equal", "not_equal"]
    + ["__gt__", "__lt__", "__ge__", "__le__", "__eq__", "__ne__", "long", "int", "bool", "byte", "short"]
)
"""Functions whose results stay the same until they jump, by the names that torch, numpy and autograd give them."""

SATURATING = frozenset(
    ["sigmoid", "logsigmoid", "hardsigmoid", "tanh", "hardtanh", "softmax", "logsoftmax", "softplus", "erf", "relu", "elu", "selu"]
    + [
        "gelu",
        "silu",
        "hardswish",
        "clamp",
        "clampmin",
        "clampmax",
        "clip",
        "maximum",
        "minimum",
        "exp",
        "div",
        "true_divide",
        "divide",
    ]
    + ["binarycrossentropy", "binarycrossentropywithlogits", "logsumexp", "logaddexp"]
)
"""Functions that are flat somewhere: where another one passes zeros on, these were among its numbers (a weight, a mask, a reward)."""

JUMPS_REMEDY = (
    "put the outputs themselves into the loss (for classes a squared distance, a margin or a cross entropy on them), and keep {names} "
    "for the accuracy that is shown"
)

FLAT_REMEDY = (
    "keep what goes into {names} where its slope can be seen: a smaller factor before it, or the loss that takes its argument instead "
    "(binary_cross_entropy_with_logits, cross_entropy), or float64"
)

UNUSED_REMEDY = "look at what becomes of the outputs on their way to the loss: a factor or mask of zeros, or another variable used"

LOST_REMEDY = (
    "look at what stands between outputs and loss: a backward of your own or a hook that returns zeros, a .detach() on part of the way"
)

HOOK = "backwardhookfunction"
"""What torch calls the node that stands for the full backward hooks of a module."""

LEAST_STEPS = 2
"""Steps with a zero cotangent before anything is said that no experiment shows."""

_NODE = re.compile(r"(.+?)Backward\d*\Z")


def remarks(history: History) -> Iterator[Remark]:
    """What is amiss between the outputs of QNodes and the losses.

    Parameters
    ----------
    history
        The training.
    """
    if not any(event.kind == "step" for event in history.recording.events):
        return
    qnodes = _qnodes(history)
    silent = [qnode for qnode in qnodes if not qnode.alive and qnode.trainable]
    others = any(qnode.alive for qnode in qnodes)
    told: dict[tuple[object, ...], Remark] = {}
    for qnode in silent:
        found = _of_qnode(history, qnode, others)
        if found is not None:
            # QNodes whose outputs go the same way are told once
            key = (found.verdict, found.places if found.diagnosis.confidence is Confidence.CONFIRMED else qnode)
            told[key] = found if key not in told else _together(told[key], found)
    yield from told.values()


class _QNode(NamedTuple):
    """The calls of one quantum function, those that a backward pass reached, and whether a cotangent that is not zero ever did."""

    name: str
    source: SourceLine
    calls: tuple[int, ...]
    differentiated: tuple[int, ...]
    steps: int
    first: Call
    trainable: bool
    alive: bool


def _qnodes(history: History) -> list[_QNode]:
    found: dict[tuple[str, SourceLine], _QNode] = {}
    reached: dict[tuple[str, SourceLine], set[int]] = {}
    for call in history.recording.calls():
        if call.parent is not None or call.outputs is None:
            continue
        key = (call.configuration.qnode, call.configuration.source)
        known = found.get(key) or _QNode(*key, (), (), 0, call, False, False)
        asked = bool(call.backwards)
        steps = reached.setdefault(key, set())
        if asked:
            steps.add(call.step)
        found[key] = known._replace(
            calls=(*known.calls, call.index) if len(known.calls) < _MOST_LISTED else known.calls,
            differentiated=(*known.differentiated, call.index) if asked else known.differentiated,
            steps=len(steps),
            first=call if asked and not known.differentiated else known.first,
            trainable=known.trainable or any(parameter.trainable for parameter in call.circuit.parameters),
            alive=known.alive or _is_asked(call),
        )
    return list(found.values())


_MOST_LISTED = 1000


def _is_asked(call: Call) -> bool:
    """Whether any backward pass asked for anything."""
    return any(cotangent is not None and bool(np.any(cotangent)) for backward in call.backwards for cotangent in backward.cotangents)


# --- one QNode ------------------------------------------------------------------------------------------------------------


def _of_qnode(history: History, qnode: _QNode, others: bool) -> Optional[Remark]:
    probes = [
        probe
        for probe in history.recording.step_probes
        if probe.moved is Moved.OUTPUTS and (probe.subject, probe.source) == (qnode.name, qnode.source) and not probe.void
    ]
    if not probes:
        return None if others or not qnode.differentiated else _without_a_probe(history, qnode)
    answers = {_answer(probe) for probe in probes}
    telling = next((probe for probe in probes if _answer(probe) is Answer.FLAT), probes[0])
    jumps = any(_is_step(spot) for spot in telling.spots)
    if answers <= {Answer.FLAT, Answer.LOWEST, Answer.INDEPENDENT} and (Answer.FLAT in answers or (jumps and Answer.LOWEST in answers)):
        if not qnode.differentiated and not jumps:
            # its outputs are taken out of the graph on purpose, or the parameter's own detector sees where that is none
            return None
        return _proven(qnode, telling, jumps, others)
    if not qnode.differentiated:
        return None
    if answers == {Answer.INDEPENDENT} and not others:
        return _remark(qnode, telling, _unused(telling), UNUSED_REMEDY)
    if answers == {Answer.SMOOTH}:
        return _remark(qnode, telling, _lost(telling), LOST_REMEDY)
    return None


def _answer(probe: StepProbe) -> Answer:
    """What a probe answers. Where only steps drop the graph, a small move that changes the loss was one over a step."""
    cuts = [spot for spot in probe.spots if spot.cut]
    over_a_step = probe.reached is False and bool(cuts) and all(map(_is_step, cuts))
    return Answer.FLAT if over_a_step and probe.answer in (Answer.SMOOTH, Answer.STATIONARY) else probe.answer


def _proven(qnode: _QNode, probe: StepProbe, jumps: bool, others: bool) -> Remark:
    """The loss is flat around where the training is, and not elsewhere."""
    spots = [spot for spot in probe.spots if _is_step(spot)] if jumps else [spot for spot in probe.spots if not spot.cut]
    names = ", ".join(dict.fromkeys(f"{_name(spot)} ({spot.place})" if spot.place.path else _name(spot) for spot in spots))
    bare = ", ".join(dict.fromkeys(map(_name, spots))) or "it"
    how = "the loss follows the outputs in jumps only" if jumps else "the loss is flat where the training is"
    because = f"{_what_arrives(qnode)}; {how}" + (f": {names} passes nothing back" if names else "") + f". {_in_copies(probe)}"
    # a step on purpose beside another QNode that learns (an action, a mask) is none of the loss's faults
    meant = others and not qnode.differentiated
    proven = any(_is_step(spot) or _name(spot) in SATURATING for spot in spots)
    verdict = Verdict.ERROR if proven and not meant else Verdict.REMARK
    remedy = (JUMPS_REMEDY if jumps else FLAT_REMEDY).format(names=bare)
    return _remark(qnode, probe, because, remedy, verdict, [spot.place for spot in spots])


def _unused(probe: StepProbe) -> str:
    return f"the loss stays what it is however far the outputs are moved{_at(probe.spots)}. {_in_copies(probe)}"


def _lost(probe: StepProbe) -> str:
    slope = "" if probe.slope is None else f" by a slope of {probe.slope:.3g}"
    return f"the loss follows the outputs{slope}, and its gradient says that it does not{_at(probe.spots)}. {_in_copies(probe)}"


def _at(spots: Sequence[Spot]) -> str:
    names = ["a module's backward hook" if _name(spot) == HOOK else _name(spot) for spot in spots[:1]]
    return "".join(f"; {name} ({spot.place}) passes nothing back" for name, spot in zip(names, spots))


def _remark(
    qnode: _QNode,
    probe: StepProbe,
    because: str,
    remedy: str,
    verdict: Verdict = Verdict.REMARK,
    places: Sequence[SourceLine] = (),
) -> Remark:
    lines = (*places, *(spot.place for spot in probe.spots), qnode.first.source, qnode.source)
    return Remark(
        verdict,
        Signature.VJP,
        ZERO_COTANGENT.diagnosis(Confidence.CONFIRMED, because, remedy=remedy, evidence=_evidence(probe)),
        call=qnode.first,
        calls=qnode.differentiated[:_MOST_LISTED] or qnode.calls,
        step=qnode.first.step,
        places=tuple(dict.fromkeys(line for line in lines if line.path)),
        qnodes=(qnode.name,),
    )


def _without_a_probe(history: History, qnode: _QNode) -> Optional[Remark]:
    """What cotangents alone say, and where in the source it may come from."""
    if qnode.steps < LEAST_STEPS:
        return None
    lines = lines_with_steps(history.folder, qnode.first.source, STEPS)
    named = ", ".join(f"{line.name} ({line.place})" for line in lines)
    void = [probe.void for probe in history.recording.step_probes if probe.void and probe.subject == qnode.name]
    why = f"; no experiment was possible: {void[0]}" if void else ""
    because = _what_arrives(qnode) + (f"; a step function stands in the script: {named}" if named else "") + why
    return Remark(
        Verdict.REMARK,
        Signature.VJP,
        ZERO_COTANGENT.diagnosis(Confidence.LIKELY, because),
        call=qnode.first,
        calls=qnode.differentiated[:_MOST_LISTED],
        step=qnode.first.step,
        places=tuple(dict.fromkeys((*(line.place for line in lines), qnode.first.source))),
        qnodes=(qnode.name,),
    )


def _together(one: Remark, other: Remark) -> Remark:
    """One remark about the QNodes of both."""
    return Remark(
        one.verdict,
        one.where,
        one.diagnosis,
        call=one.call,
        calls=tuple(sorted({*one.calls, *other.calls})),
        step=min(one.step, other.step),
        places=tuple(dict.fromkeys((*one.places, *other.places))),
        qnodes=tuple(dict.fromkeys((*one.qnodes, *other.qnodes))),
    )


# --- in words -------------------------------------------------------------------------------------------------------------


def _is_step(spot: Spot) -> bool:
    return _name(spot) in STEPS


def _name(spot: Spot) -> str:
    """The function behind a node of a graph: ``sign`` for ``SignBackward0``."""
    node = _NODE.match(spot.operation)
    return spot.operation if node is None else node[1].lower()


def _what_arrives(qnode: _QNode) -> str:
    if not qnode.differentiated:
        return f"no cotangent arrived at any of the {len(qnode.calls)} calls"
    calls = len(qnode.differentiated)
    return f"the cotangent was exactly zero at {'the only call' if calls == 1 else f'all {calls} calls'} that a backward pass reached"


def _in_copies(probe: StepProbe) -> str:
    small, large = (_losses(probe, size) for size in (SMALL, LARGE))
    same = all(loss == probe.control for loss in small)
    words = f"In copies of the process with the outputs moved by {SMALL * probe.size:g}, up and down, the loss "
    words += f"stays {probe.control:.6g} to the last bit" if same else f"is {_listed(small)} instead of {probe.control:.6g}"
    return words + (f"; moved far, within their range, it is {_listed(large)}" if large else "")


def _losses(probe: StepProbe, size: float) -> list[float]:
    return [outcome.loss for outcome in probe.outcomes if abs(outcome.by) == size and outcome.loss is not None]


def _listed(losses: Sequence[float]) -> str:
    return ", ".join(dict.fromkeys(f"{loss:.6g}" for loss in losses))


def _evidence(probe: StepProbe) -> tuple[Evidence, ...]:
    """The losses of the script with nothing moved, and with the outputs moved a little and far."""
    found = []
    for size, name in ((SMALL, f"by {SMALL * probe.size:g}"), (LARGE, "far, within their range")):
        losses = _losses(probe, size)
        if losses and probe.control is not None:
            farthest = max(losses, key=lambda loss: abs(loss - (probe.control or 0.0)))
            outcome = Outcome.PERSISTS if farthest == probe.control else Outcome.MOVES
            found.append(Evidence(f"loss with the outputs moved {name}", probe.control, farthest, outcome, True))
    return tuple(found)
