"""Which of n independent changes can all be made: groups that go half of the time, halved where they may not, then a sweep.

This is adaptive group testing (Hwang's generalized binary splitting) with the density of the needed items learnt on the
way. Nothing here knows what an item is. Each search is a generator: it yields the set of items to be gone, is sent whether
that is still interesting, and returns the largest set that was. Being pure, it can be replayed with guessed answers, which
is how speculative candidates are found.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

Items = frozenset[int]
"""Positions of items."""

Plan = Generator[Items, bool, Items]
"""A search: yields questions, is sent answers, returns the items that may all go."""

Strategy = Callable[[int], Plan]
"""From the number of items to a search."""


EXPECTED = 3.0
"""How many items are taken to be needed before anything is known: minimal circuits have one to four operations."""


def thin_out(count: int) -> Plan:
    """Find a set of items to go such that not one more may go: for sequences, of which few items matter.

    Parameters
    ----------
    count
        How many items there are.
    """
    gone = yield from _cut_groups(range(count)[::-1])
    return (yield from _sweep(count, gone))


def try_all(count: int) -> Plan:
    """Find a large set of changes that can be made together: all, else in groups from the first on, without proof that no more can."""
    return (yield from _cut_groups(range(count)))


def one_by_one(count: int) -> Plan:
    """Try each change alone on top of those that succeeded."""
    gone: Items = frozenset()
    for item in range(count):
        if (yield gone | {item}):
            gone |= {item}
    return gone


def _cut_groups(items: Sequence[int]) -> Plan:
    """Cut all, else the largest groups that may go, from the first item on; each group that may not gives up its first needed item."""
    gone: Items = frozenset()
    start, found, one_is_left = 0, 0, False
    while start < len(items) - one_is_left:
        if found < 2 and not one_is_left:
            # often nothing is needed, or one item alone
            rest = gone | frozenset(items[start:])
            if (yield rest):
                return rest
            one_is_left = True
            continue
        size = min(_even_chance(1 + found, len(items) / EXPECTED - 1 + start - found), len(items) - start - one_is_left)
        group = gone | frozenset(items[start : start + size])
        if (yield group):
            gone, start = group, start + size
            continue
        low, high = start, start + size
        while high - low > 1:
            middle = (low + high) // 2
            half = gone | frozenset(items[low:middle])
            if (yield half):
                gone, low = half, middle
            else:
                high = middle
        start, found, one_is_left = low + 1, found + 1, False
    return gone


def _even_chance(needed: float, free: float) -> int:
    """How many items together hold no needed one, as close to every second time as can be.

    Parameters
    ----------
    needed, free
        How many items were seen of either kind; before any was seen, what is expected counts as one that is needed among so many.
    """
    size, chance, before = 0, 1.0, 1.0
    while chance > 0.5:
        before, chance = chance, chance * (max(0.0, free) + size) / (needed + max(0.0, free) + size)
        size += 1
    return max(1, size - (before - 0.5 < 0.5 - chance))


def _sweep(count: int, gone: Items) -> Plan:
    """Ask each remaining item alone, until a whole round finds that none may go: the proof of 1-minimality."""
    again = True
    while again:
        again = False
        for item in reversed(range(count)):
            if item not in gone and (yield gone | {item}):
                gone |= {item}
                again = True
    return gone
