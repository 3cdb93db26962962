"""QD801: a parameter that an optimiser holds gets no gradient, although its numbers go into the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import NO_GRADIENT
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.moved_parameters import evidence_of, in_words, slope_probe
from qdiag.diagnosis.training.parameters import Edge, Story, accumulating_roots, broken_edge, stories, training_calls
from qdiag.diagnosis.training.script_source import cutting_lines, lines_that_cut
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import Call, SourceLine
from qdiag.model.remarks import Remark
from qdiag.model.training import CallOrigins

ENOUGH = 2
"""Numbers of a parameter that must come back in a circuit before it is said to be in there: one alone may be a chance."""

AGAIN = (
    "no torch.no_grad() around the QNode's calls; torch.utils.checkpoint with use_reentrant=False, since with True a block whose input "
    "needs no gradient gets none"
)
"""What to do where no call has a graph, though backward passes go to something."""

MOST_CALLS = 4
"""Calls whose circuits are searched for a parameter's numbers."""


def remarks(history: History) -> Iterator[Remark]:
    """Of parameters whose numbers are in a circuit, and of those in front of a QNode, cut off on the way there."""
    cut = [story for story in stories(history.training) if story.unreached and broken_edge(history, story) is Edge.BEFORE]
    calls = [seen.fact for seen in training_calls(history.training)]
    inside = [story for story in cut if any(_holds(history.recording.call(call.call), story) for call in calls[:MOST_CALLS])]
    if inside:
        names = listed([story.name for story in inside])
        because = f"the numbers of {names} are in the circuit, and no graph leads from there to what {_kind(inside)} holds"
        yield _told(history, inside, because, calls)
        return
    feeding = _untracked_arguments(history, calls)
    before = [story for story in cut if feeding and _cutting(history, [story], calls)]
    if before:
        names = listed([story.name for story in before])
        because = f"no gradient ever reaches {names}: {listed(feeding)} of the QNode comes without a graph, cut on the way there"
        yield _told(history, before, because, calls)
        return
    followed = [story for story in cut if slope_probe(history, story) is not None]
    again = not calls
    # where calls are made without a graph and again on the way back, none is known to be of the training alone
    calls = calls or [seen.fact for seen in history.training.origins]
    if followed and calls:
        names = listed([story.name for story in followed])
        because = f"no gradient ever reaches {names}, although the loss depends on what it holds"
        # no line is known that cuts it by mistake: a part that is kept as it is under no_grad looks like this, too
        yield _told(history, followed, because, calls, maybe_meant=True, remedy=AGAIN if again else "")


def _holds(call: Call, story: Story) -> bool:
    """Whether a circuit holds a parameter's numbers as constants."""
    circuit = call.circuit
    constants = [
        float(value)
        for parameter in circuit.parameters
        if not parameter.trainable and np.isrealobj(parameter.value) and parameter.value.size <= 64
        for value in parameter.value.ravel()
    ]
    # one that is no round number comes back by no chance
    telling = {np.float32(value) for value in story.leaf.values if value != round(value, 2)}
    found = telling & {np.float32(value) for value in constants}
    return len(found) >= min(ENOUGH, len(telling)) and bool(found)


def _untracked_arguments(history: History, calls: Sequence[CallOrigins]) -> list[str]:
    """Arguments that come without a graph at all calls of the training, and differ from call to call of one step, or step to step."""
    reached = {call for root in accumulating_roots(history.training) for call in root.calls}
    used = [call for call in calls if call.call in reached or not call.complete]
    names = [argument.name for argument in used[0].arguments if not argument.tracked] if used else []
    return [name for name in names if all(not a.tracked for call in used for a in call.arguments if a.name == name)]


def _cutting(history: History, cut: Sequence[Story], calls: Sequence[CallOrigins]) -> list[SourceLine]:
    """Lines of the script that take what comes from the parameters out of its graph."""
    source = history.recording.call(calls[0].call).source
    found = {line for story in cut for line in lines_that_cut(history.folder, source, story.leaf.name)}
    return sorted(found, key=lambda place: (place.path, place.line))


def _told(
    history: History, cut: Sequence[Story], because: str, calls: Sequence[CallOrigins], maybe_meant: bool = False, remedy: str = ""
) -> Remark:
    indices = [call.call for call in calls]
    source = history.recording.call(indices[0]).source
    places = _cutting(history, cut, calls) or list(cutting_lines(history.folder, source, last=source.line))
    proofs = [(story, probe) for story in cut if (probe := slope_probe(history, story)) is not None]
    return remark(
        history,
        NO_GRADIENT,
        because + in_words(proofs),
        calls=indices,
        places=[*places, source, cut[0].optimiser.source],
        evidence=evidence_of(proofs),
        proved=bool(proofs) and not maybe_meant,
        remedy=remedy,
    )


def _kind(cut: Sequence[Story]) -> str:
    return cut[0].optimiser.kind
