"""QD805: what the optimiser holds is not what the QNode is called with: the way from the loss ends at other tensors."""

from __future__ import annotations

from collections.abc import Iterator

from qdiag.diagnosis.causes.around_the_qnode import OTHER_TENSORS
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import Edge, Story, accumulating_roots, broken_edge, stand_ins, stories, training_calls
from qdiag.diagnosis.training.script_source import cutting_lines
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import SourceLine
from qdiag.model.remarks import Remark


def remarks(history: History) -> Iterator[Remark]:
    """One for each optimiser whose parameters have been replaced behind its back."""
    lost: dict[int, list[Story]] = {}
    for story in stories(history.training):
        if story.unreached and broken_edge(history, story) is Edge.REPLACED:
            lost.setdefault(story.optimiser.number, []).append(story)
    for held in lost.values():
        yield _told(history, held)


def _told(history: History, held: list[Story]) -> Remark:
    optimiser = held[0].optimiser
    others = {leaf.token: leaf for story in held for leaf in stand_ins(history, story)}
    calls = [seen.fact.call for seen in training_calls(history.training) if {*seen.fact.circuit} & {*others}]
    roots = accumulating_roots(history.training)
    anew = all(not ({*others} & {*one.leaves} & {*two.leaves}) for one, two in zip(roots, roots[1:]))
    where = "made anew for each loss" if anew else "and always the same one"
    because = (
        f"{optimiser.kind} holds {listed([story.name for story in held])}, which no loss leads to; the gradient goes to another "
        f"tensor of the same shape instead, {where}, which no optimiser holds"
    )
    places: list[SourceLine] = []
    if calls:
        source = history.recording.call(calls[0]).source
        places = [*cutting_lines(history.folder, source, last=source.line), source]
    return remark(history, OTHER_TENSORS, because, calls=calls, places=[*places, optimiser.source])
