"""QD805: what the optimiser holds is not what the QNode is called with: the way from the loss ends at other tensors."""

from __future__ import annotations

from collections.abc import Iterator

from qdiag.diagnosis.causes.around_the_qnode import OTHER_TENSORS
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import (
    Edge,
    Story,
    accumulating_roots,
    broken_edge,
    read_instead,
    stand_ins,
    stories,
    training_calls,
)
from qdiag.diagnosis.training.script_source import cutting_lines
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.call import SourceLine
from qdiag.model.remarks import Remark

KEEPS_ITS_OWN = "TorchLayer"
"""The class of layers that call their circuit with the tensors that they were made with, whatever their attributes are by now."""

REMEDY = (
    "make the optimiser after the layer, of the tensors in its qnode_weights, and change these in place: a TorchLayer calls its "
    "circuit with those that it was made with, and torch.func.functional_call, load_state_dict(assign=True) or a new Parameter "
    "do not reach it"
)

READ_REMEDY = "use the argument in the quantum function, or have the optimiser hold what it reads instead"


def remarks(history: History) -> Iterator[Remark]:
    """One for each optimiser whose parameters have been replaced behind its back."""
    for held in _replaced(history).values():
        yield _told(history, held)


def told_of(history: History) -> frozenset[int]:
    """The tensors, by token, that stand in the place of what an optimiser holds, and of which a remark tells."""
    replaced = _replaced(history).values()
    return frozenset(leaf.token for held in replaced for story in held for leaf in stand_ins(history, story, story.left or 0))


def _replaced(history: History) -> dict[int, list[Story]]:
    lost: dict[int, list[Story]] = {}
    for story in stories(history.training):
        never = story.unreached and broken_edge(history, story) is Edge.REPLACED
        no_more = story.left is not None and bool(stand_ins(history, story, story.left))
        if never or no_more:
            lost.setdefault(story.optimiser.number, []).append(story)
    return lost


def _told(history: History, held: list[Story]) -> Remark:
    optimiser = held[0].optimiser
    since = max(story.left or 0 for story in held)
    others = {leaf.token: leaf for story in held for leaf in stand_ins(history, story, story.left or 0)}
    calls = [seen.fact.call for seen in training_calls(history.training) if {*seen.fact.circuit} & {*others}]
    roots = accumulating_roots(history.training, since)
    anew = all(not ({*others} & {*one.leaves} & {*two.leaves}) for one, two in zip(roots, roots[1:]))
    where = "made anew for each loss" if anew else "and always the same one" if not since else "made since"
    until = f" from step {since} on" if since else ""
    read = {leaf.token: leaf for story in held for leaf in read_instead(history, story)}
    passed_by = bool(read) and {*read} == {*others} and _is_given(history, held)
    how = "the quantum function reads instead of its argument" if passed_by else "no optimiser holds"
    because = (
        f"{optimiser.kind} holds {listed([story.name for story in held])}, which no loss leads to{until}; the gradient goes to another "
        f"tensor of the same shape instead, {where}, which {how}"
    )
    places: list[SourceLine] = []
    if calls:
        source = history.recording.call(calls[0]).source
        places = [*cutting_lines(history.folder, source, last=source.line), source]
    remedy = READ_REMEDY if passed_by else REMEDY if _keeps_its_own(history, {*others}) else ""
    return remark(history, OTHER_TENSORS, because, calls=calls, places=[*places, optimiser.source], remedy=remedy)


def _is_given(history: History, held: list[Story]) -> bool:
    """Whether QNodes were called with all that the optimiser holds of it."""
    calls = [seen.fact for seen in training_calls(history.training)]
    given = {token for call in calls for argument in call.arguments for token in argument.leaves}
    return {story.leaf.token for story in held} <= given


def _keeps_its_own(history: History, others: set[int]) -> bool:
    """Whether the tensors that the gradient goes to are weights with which such a layer called its QNode."""
    given = {
        argument.token
        for seen in training_calls(history.training)
        if history.recording.call(seen.fact.call).configuration.layer == KEEPS_ITS_OWN
        for argument in seen.fact.arguments
    }
    return others <= given
