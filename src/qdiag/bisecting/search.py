"""The search for the releases between which a fault is there: pure, over anybody who can answer for a release.

Both ends are asked before anything else. A release that cannot answer lies, by all experience, at an end: what is older than a
feature cannot run a script that uses it. So until a good release is known behind it, it counts as the end of what can be asked; once
one is known, it is skipped and its neighbours are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Optional

from packaging.version import Version

from qdiag.model.bisection import Answer, Span

Ask = Callable[[str], Answer]

CONFIRMED_BY = 2
"""So many further minor releases must be unable to answer before nothing beyond is asked."""


class Search:
    """A search over releases, which remembers what each answered.

    Parameters
    ----------
    releases
        The oldest first.
    ask
        Asks a release; each is asked once.
    at_hand
        Releases that cost no installing: one in the middle half is asked rather than the very middle.
    """

    def __init__(self, releases: Sequence[str], ask: Ask, at_hand: Collection[str] = ()) -> None:
        self._releases, self._ask, self._at_hand = tuple(releases), ask, frozenset(at_hand)
        self._answers: dict[int, Answer] = {}

    def span(self, known: str) -> Optional[Span]:
        """The span around a release that has the fault; None where it has it not."""
        place = self._releases.index(known)
        if self._answer(place) is not Answer.BAD:
            return None
        # both ends first: what cannot be answered at all is known before anything is searched for
        for end in (len(self._releases) - 1, 0):
            self._answer(end)
        last_bad, first_fixed = self._edge(place, len(self._releases) - 1)
        first_bad, last_good = self._edge(place, 0)
        return Span(self._name(first_bad), self._name(last_bad), self._named(last_good), self._named(first_fixed))

    def _edge(self, inside: int, end: int) -> tuple[int, Optional[int]]:
        """From a bad release towards an end: the last that is bad, and the first behind it that is good, if there is one."""
        outside, answer = end, self._answer(end)
        if answer is Answer.BAD:
            return end, None
        good = answer is Answer.GOOD
        while True:
            middle = self._middle(inside, outside)
            if middle is None:
                if good:
                    return inside, outside
                further = self._beyond(inside, outside, end)
                if further is None:
                    return inside, None
                if self._answer(further) is Answer.BAD:
                    inside, outside = further, end
                elif self._answer(further) is Answer.GOOD:
                    outside, good = further, True
                continue
            found = self._answer(middle)
            if found is Answer.BAD:
                inside = middle
            elif found is Answer.GOOD:
                outside, good = middle, True
            elif not good:
                outside = middle

    def _middle(self, inside: int, outside: int) -> Optional[int]:
        """The release to ask next between two; None where none is left."""
        low, high = sorted((inside, outside))
        left = [place for place in range(low + 1, high) if place not in self._answers]
        if not left:
            return None
        middle = (low + high) / 2

        def distance(place: int) -> float:
            return abs(place - middle)

        near = [place for place in left if self._name(place) in self._at_hand and distance(place) <= (high - low) / 4]
        return min(near or left, key=distance)

    def _beyond(self, inside: int, outside: int, end: int) -> Optional[int]:
        """A release behind one that cannot answer, which is to confirm that none can; None once enough have."""
        step = 1 if end > inside else -1
        behind = range(outside, end + step, step)
        silent = {self._minor(place) for place in behind if place in self._answers} - {self._minor(outside)}
        told = silent | {self._minor(outside)}
        further = [place for place in behind if place not in self._answers and self._minor(place) not in told]
        return further[0] if further and len(silent) < CONFIRMED_BY else None

    def _answer(self, place: int) -> Answer:
        if place not in self._answers:
            self._answers[place] = self._ask(self._name(place))
        return self._answers[place]

    def _minor(self, place: int) -> tuple[int, ...]:
        return Version(self._name(place)).release[:2]

    def _name(self, place: int) -> str:
        return self._releases[place]

    def _named(self, place: Optional[int]) -> Optional[str]:
        return None if place is None else self._name(place)
