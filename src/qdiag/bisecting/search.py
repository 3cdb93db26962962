"""The search for the releases between which a fault is there: pure, over anybody who can answer for a release.

Both ends are asked before anything else. A release that cannot answer lies, by all experience, at an end: what is older than a
feature cannot run a script that uses it. So until a good release is known behind it, it counts as the end of what can be asked; once
one is known, it is skipped and its neighbours are asked.

Where an end is bad, others between are asked as well: a fault may have been mended and be back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Optional

from packaging.version import Version

from qdiag.model.bisection import Answer, Span

Ask = Callable[[str], Answer]

CONFIRMED_BY = 2
"""So many further minor releases must be unable to answer before nothing beyond is asked."""


SPREAD = 3
"""At least so many releases are asked between a bad end and the release on which the fault is known."""


def most_asked(releases: int) -> int:
    """How many of so many releases are asked in the ordinary case: both ends, and one for each halving."""
    return (releases - 1).bit_length() + 2


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
        ends = (len(self._releases) - 1, 0)
        # both first: what cannot be answered at all is known before anything is searched for
        bad_ends = [end for end in ends if self._answer(end) is Answer.BAD and end != place]
        above, below = self._edge(place, ends[0]), self._edge(place, ends[1])
        for end in bad_ends:
            # a fault may have been mended and have come back: that an end is bad says little of what lies between
            good = self._good_between(place, end)
            if good is not None and good > place:
                above = self._edge(self._nearest_bad(place, good), good)
            elif good is not None:
                below = self._edge(self._nearest_bad(place, good), good)
        return self._span(*below, *above)

    def _good_between(self, known: int, end: int) -> Optional[int]:
        """A good release between two bad ones, where a few that are spread between them find one."""
        low, high = sorted((known, end))
        for spread in range(len(self._releases)):
            further = self._widest(low, high)
            if further is None or (spread >= SPREAD and len(self._answers) >= most_asked(len(self._releases))):
                return None
            if self._answer(further) is Answer.GOOD:
                return further
        return None

    def _span(self, first_bad: int, last_good: Optional[int], last_bad: int, first_fixed: Optional[int]) -> Span:
        bad = [place for place, answer in self._answers.items() if answer is Answer.BAD]
        earlier = max((place for place in bad if last_good is not None and place < last_good), default=None)
        again = min((place for place in bad if first_fixed is not None and place > first_fixed), default=None)
        edges = (self._named(place) for place in (last_good, first_fixed, earlier, again))
        return Span(self._name(first_bad), self._name(last_bad), *edges)

    def _nearest_bad(self, known: int, further: int) -> int:
        """The bad release that is the nearest to another one, on the side of the known one."""
        low, high = sorted((known, further))
        bad = [place for place, answer in self._answers.items() if answer is Answer.BAD and low <= place <= high]
        return min(bad, key=lambda place: abs(place - further))

    def _widest(self, low: int, high: int) -> Optional[int]:
        """The release in the middle of the widest gap between those that were asked; None where all were."""
        asked = sorted(place for place in self._answers if low <= place <= high)
        gaps = [(right - left, -left) for left, right in zip(asked, asked[1:]) if right - left > 1]
        if not gaps:
            return None
        width, left = max(gaps)
        return self._middle(-left, -left + width)

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
        silent = [place for place in range(low + 1, high) if place in self._answers and not self._answers[place].decides]
        if silent:
            # what lies between two that cannot answer cannot either: a feature was away for a while
            low, high = max((low, silent[0]), (silent[-1], high), key=lambda section: section[1] - section[0])
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
