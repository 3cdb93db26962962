"""The way back ends between a QNode and the loss: the output has no graph (QD804), or the script takes it out of one (QD801).

Or nothing goes back at all: steps are taken, and no backward pass is ever made (QD801, too).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdiag.diagnosis.causes.around_the_qnode import GRAPHLESS_OUTPUT, NO_GRADIENT
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.moved_parameters import evidence_of, in_words, slope_probe
from qdiag.diagnosis.training.parameters import LEAST_STEPS, Edge, accumulating_roots, broken_edge, stories, training_calls
from qdiag.diagnosis.training.script_source import cutting_lines
from qdiag.diagnosis.training.telling import listed, qnodes_of, remark
from qdiag.model.call import SourceLine
from qdiag.model.findings import Evidence
from qdiag.model.operator_families import MEASUREMENT_FUNCTIONS
from qdiag.model.remarks import Remark
from qdiag.model.step_probe import Answer, Moved, StepProbe
from qdiag.model.training import CallOrigins, Root

NO_PASS_REMEDY = "loss.backward() before each step; a closure that is given to a step has to call it, too, before it returns the loss"


def remarks(history: History) -> Iterator[Remark]:
    """Of QNodes that are fed with what is to be trained, and from which no loss leads back."""
    fed = _fed(history)
    cut = [call for call in fed if not _is_reached(history, call)]
    if len(cut) < len(fed):
        yield from _beside_others(history, fed)
    elif cut and _has_graph(cut) and not history.training.roots:
        yield from _without_a_pass(history, cut)
    elif cut:
        yield from _without_a_loss(history, cut)
        yield from _beside_the_loss(history, cut)
        yield from _by_pennylane(history, cut)


def _fed(history: History) -> list[CallOrigins]:
    """The training's calls whose circuits hold numbers that a graph follows."""
    calls = [seen.fact for seen in training_calls(history.training)]
    return [call for call in calls if call.circuit or any(argument.tracked for argument in call.arguments)]


def _is_reached(history: History, call: CallOrigins) -> bool:
    """Whether a backward pass brought anything to the call, even zeros."""
    return bool(history.recording.call(call.call).backwards) or any(call.call in seen.fact.calls for seen in history.training.roots)


def _without_a_pass(history: History, cut: Sequence[CallOrigins]) -> Iterator[Remark]:
    """Torch's optimiser steps, and nothing ever goes backward: what becomes of the outputs does not matter."""
    lost = [story for story in stories(history.training) if story.unreached and broken_edge(history, story) is Edge.OUTPUT]
    if lost:
        names = listed([story.name for story in lost])
        steps = [seen.fact.source for seen in history.training.steps if seen.fact.parameters]
        because = f"no backward pass is ever made: no gradient ever reaches {names}, and no step of {lost[0].optimiser.kind} moves it"
        calls = [call.call for call in cut]
        places = [*steps, history.recording.call(calls[0]).source]
        yield remark(history, NO_GRADIENT, because, calls=calls, places=places, remedy=NO_PASS_REMEDY)


def _without_a_loss(history: History, cut: Sequence[CallOrigins]) -> Iterator[Remark]:
    """The loss has no graph at all: torch refuses to go backward."""
    roots = accumulating_roots(history.training)
    failed = next((root for root in roots if root.failure and not root.tracked), None)
    if failed is not None and not any(root.tracked for root in roots):
        yield _told(history, cut, f"{_what(history, cut)}, and the loss that is made of it has none, either", [failed])


def _beside_the_loss(history: History, cut: Sequence[CallOrigins]) -> Iterator[Remark]:
    """Parameters of an optimiser end in QNodes from which nothing leads to any loss."""
    lost = [story for story in stories(history.training) if story.unreached and broken_edge(history, story) is Edge.OUTPUT]
    if lost:
        names = listed([story.name for story in lost])
        because = f"{_what(history, cut)}: no backward pass reaches it, and no gradient ever reaches {names}"
        yield _told(history, cut, because, accumulating_roots(history.training))
    else:
        yield from _beside_a_penalty(history, cut)


def _beside_a_penalty(history: History, cut: Sequence[CallOrigins]) -> Iterator[Remark]:
    """Parameters that end in such QNodes, and get a gradient by another way: only where the loss was seen to follow the outputs."""
    fed = [story for story in stories(history.training) if story.learns and any(story.leaf.token in call.circuit for call in cut)]
    names = {history.recording.call(call.call).configuration.qnode for call in cut}
    probe = next((one for one in history.recording.step_probes if one.subject in names and _is_cut_off(one)), None)
    if fed and probe is not None and probe.slope is not None:
        seen = f"in copies of the process the script's own loss follows what {probe.subject} gives (slope {probe.slope:.3g})"
        because = (
            f"{_what(history, cut)}: no backward pass reaches it, and what gradient {listed([story.name for story in fed])} gets comes "
            f"by another way; {seen}"
        )
        yield _told(history, cut, because, accumulating_roots(history.training))


def _is_cut_off(probe: StepProbe) -> bool:
    """Whether the loss follows a QNode's outputs, and has no graph that leads to them."""
    return probe.moved is Moved.OUTPUTS and probe.reached is False and probe.answer is Answer.SMOOTH


def _beside_others(history: History, fed: Sequence[CallOrigins]) -> Iterator[Remark]:
    """Parameters of an optimiser that end in some QNodes, while others learn: only where the loss was seen to follow them.

    Some are kept as they are on purpose, a teacher or a key, and look the same: so it is no more than likely.
    """
    lost = [story for story in stories(history.training) if story.unreached and broken_edge(history, story) is Edge.OUTPUT]
    proofs = [(story, probe) for story in lost if (probe := slope_probe(history, story)) is not None]
    # a gradient that is only given back, and becomes numbers, leads nowhere either
    reached = {index for root in accumulating_roots(history.training) for index in root.calls}
    mine = [call for call in fed if call.call not in reached and any(story.leaf.token in call.circuit for story, _ in proofs)]
    if mine:
        names = listed([story.name for story, _ in proofs])
        because = f"{_what(history, mine)}, at those calls that {names} goes into: no gradient ever reaches it{in_words(proofs)}"
        yield _told(history, mine, because, accumulating_roots(history.training), evidence_of(proofs))


def _by_pennylane(history: History, cut: Sequence[CallOrigins]) -> Iterator[Remark]:
    steps = [seen.fact for seen in history.training.steps if seen.fact.arguments]
    trainable = [argument for step in steps for argument in step.arguments if argument.trainable]
    if len(steps) >= LEAST_STEPS and trainable and all(argument.moved is False for argument in trainable):
        names = listed([argument.name for argument in trainable])
        yield _told(history, cut, f"{_what(history, cut)}: every step gives {names} back unchanged", [])


def _what(history: History, cut: Sequence[CallOrigins]) -> str:
    names = listed(qnodes_of(history, [call.call for call in cut]))
    if _has_graph(cut):
        return f"what {names} gives has a graph, and is taken out of it on the way to the loss"
    return f"what {names} gives has no graph ({_measured(history, cut[0])})"


def _has_graph(cut: Sequence[CallOrigins]) -> bool:
    """Whether what the QNodes gave could have been differentiated: then it is the script that cuts it off."""
    return any(any(call.outputs) for call in cut)


def _measured(history: History, call: CallOrigins) -> str:
    """What the circuit measures, in the words of its author."""
    circuit = history.recording.call(call.call).circuit
    return listed([MEASUREMENT_FUNCTIONS.get(node.name, "a mid-circuit measurement's value") for node in circuit.measurements])


def _told(
    history: History, cut: Sequence[CallOrigins], because: str, roots: Sequence[Root], evidence: tuple[Evidence, ...] = ()
) -> Remark:
    indices = [call.call for call in cut]
    source = history.recording.call(indices[0]).source
    loss = roots[0].source if roots else SourceLine("", 0)
    places: list[SourceLine] = []
    if _has_graph(cut):
        places += cutting_lines(history.folder, source, source.line, loss.line if loss.function == source.function else 1 << 30)
    cause = NO_GRADIENT if _has_graph(cut) else GRAPHLESS_OUTPUT
    return remark(history, cause, because, calls=indices, places=[*places, source, loss], evidence=evidence)
