"""What was recorded of a training around its QNodes, as values in order: read from events, where the recorder wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Event
from qdiag.model.not_finite import NotFinite
from qdiag.model.training import CallOrigins, Clip, Leaf, Optimiser, OptimiserStep, Root
from qdiag.trace import call_parser

Fact = TypeVar("Fact")


@dataclass(frozen=True)
class Seen(Generic[Fact]):
    """A fact, and when it was: the numbers of calls and of steps before it."""

    fact: Fact
    after: int
    step: int


@dataclass(frozen=True, eq=False)
class RecordedTraining:
    """All facts of a kind in the order of time; empty for traces that lack them.

    Parameters
    ----------
    optimisers
        Each optimiser as it was made, and again where what it holds had changed.
    steps
        The sampled steps.
    taken
        How many steps each optimiser took, sampled or not, by its number.
    roots
        Where sampled backward passes of torch began.
    clips
        The sampled clippings of gradients.
    origins
        What sampled calls were fed with.
    leaves
        What is known of a tensor, by its token: as it was met first.
    not_finite
        The first calls whose results are no numbers, and what they were given.
    baked
        Values that compiled calls had read, and that have changed since.
    """

    optimisers: tuple[Seen[Optimiser], ...] = ()
    steps: tuple[Seen[OptimiserStep], ...] = ()
    taken: tuple[tuple[int, int], ...] = ()
    roots: tuple[Seen[Root], ...] = ()
    clips: tuple[Seen[Clip], ...] = ()
    origins: tuple[Seen[CallOrigins], ...] = ()
    leaves: tuple[Leaf, ...] = ()
    not_finite: tuple[Seen[NotFinite], ...] = ()
    baked: tuple[Seen[BakedValue], ...] = ()

    def leaf(self, token: int) -> Leaf:
        """What is known of a tensor."""
        return next((leaf for leaf in self.leaves if leaf.token == token), Leaf(token, (), ""))


def training_in(events: Iterable[Event]) -> RecordedTraining:
    """The facts among the events of a trace."""
    found: dict[type, list[Seen[object]]] = {kind: [] for kind in _KINDS.values()}
    taken: Counter[int] = Counter()
    leaves: dict[int, Leaf] = {}
    steps = 0
    for event in events:
        kind = _KINDS.get(event.kind)
        if kind is not None and event.text:
            fact: object = call_parser.value_from(kind, event.text)
            found[kind].append(Seen(fact, event.after, steps))
            for leaf in (fact,) if isinstance(fact, Leaf) else fact.parameters if isinstance(fact, Optimiser) else ():
                leaves.setdefault(leaf.token, leaf)
        if event.kind == "step":
            steps += 1
            if event.number is not None:
                taken[int(event.number)] += 1
    return RecordedTraining(
        optimisers=_of_kind(found, Optimiser),
        steps=_of_kind(found, OptimiserStep),
        taken=tuple(sorted(taken.items())),
        roots=_of_kind(found, Root),
        clips=_of_kind(found, Clip),
        origins=_of_kind(found, CallOrigins),
        leaves=tuple(leaves.values()),
        not_finite=_of_kind(found, NotFinite),
        baked=_of_kind(found, BakedValue),
    )


_KINDS: dict[str, type] = {
    "optimiser": Optimiser,
    "step": OptimiserStep,
    "root": Root,
    "clip": Clip,
    "origins": CallOrigins,
    "leaf": Leaf,
    "not finite": NotFinite,
    "baked value": BakedValue,
}


def _of_kind(found: dict[type, list[Seen[object]]], kind: type[Fact]) -> tuple[Seen[Fact], ...]:
    return tuple(Seen(seen.fact, seen.after, seen.step) for seen in found[kind] if isinstance(seen.fact, kind))
