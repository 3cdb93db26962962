"""Which of n independent changes can all be made: cut both ends, then take groups that go half of the time, then sweep.

This is adaptive group testing (Hwang's generalized binary splitting) with the density of the needed items learnt on the
way. Nothing here knows what an item is. Each search is a generator: it yields the set of items to be gone, is sent whether
that is still interesting, and returns the largest set that was. Being pure, it can be replayed with guessed answers, which
is how speculative candidates are found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

Items = frozenset[int]
"""Positions of items."""

Plan = Generator[Items, bool, Items]
"""A search: yields questions, is sent answers, returns the items that may all go."""

Strategy = Callable[[int], Plan]
"""From the number of items to a search."""


PATIENCE = 3
"""How often in a row a half may fail before the other one, so far only assumed to do, is asked for itself."""

COARSE = 4
"""The last needed item is first found to within this part of the stretch, and exactly once little else is left to evaluate with it."""


def thin_out(count: int) -> Plan:
    """Find a set of items to go such that not one more may go: for sequences, of which few items matter.

    Parameters
    ----------
    count
        How many items there are.
    """
    everything = frozenset(range(count))
    if not count or (yield everything):
        return everything
    start, end = yield from _zoom(count)
    edge, end = yield from _cut_after(everything - frozenset(range(start, end)), start, end, width=(end - start) // COARSE)
    if edge > start and (yield everything - frozenset(range(edge, end))):
        start = edge
    seen = max(1, count - (edge - start))
    gone = yield from _cut_groups(everything - frozenset(range(start, end)), start, edge, found=1, seen=seen)
    found = 1 + len(frozenset(range(start, edge)) - gone)
    last, stop = yield from _cut_after(gone, edge, end, width=1)
    gone |= frozenset(range(stop, end))
    gone = yield from _cut_groups(gone, edge, last, found=found, seen=count)
    return (yield from _sweep(count, gone))


def try_all(count: int) -> Plan:
    """Find a large set of changes that can be made together: all, else in groups from the first on, without proof that no more can."""
    everything = frozenset(range(count))
    if not count or (yield everything):
        return everything
    return (yield from _cut_groups(frozenset(), 0, count, found=1, seen=max(2, count // 2)))


def one_by_one(count: int) -> Plan:
    """Try each change alone on top of those that succeeded."""
    gone: Items = frozenset()
    for item in range(count):
        if (yield gone | {item}):
            gone |= {item}
    return gone


def _zoom(count: int) -> Generator[Items, bool, tuple[int, int]]:
    """A stretch that is interesting by itself, by halving as if one item alone mattered.

    Where several do, this soon fails and little is lost: the stretches asked for are short, and short circuits are cheap.
    """
    everything = frozenset(range(count))
    kept = low, high = 0, count
    misses = 0
    while (low, high) != kept or high - low > 1:
        if misses == PATIENCE or high - low == 1:
            if not (yield everything - frozenset(range(low, high))):
                break
            kept, misses = (low, high), 0
            continue
        middle = (low + high) // 2
        if (yield everything - frozenset(range(low, middle))):
            high, misses = middle, 0
            kept = low, high
        else:
            low, misses = middle, misses + 1
    return kept


def _cut_after(gone: Items, start: int, end: int, width: int) -> Generator[Items, bool, tuple[int, int]]:
    """Where between two items the last needed one lies, by bisection to within some items; all after it may go.

    What is not interesting without them, so that one of them is needed, is known.
    """
    low, high = start, end
    while high - low > max(1, width):
        middle = (low + high) // 2
        if (yield gone | frozenset(range(middle, end))):
            high = middle
        else:
            low = middle
    return low, high


def _cut_groups(gone: Items, start: int, end: int, found: int, seen: int) -> Plan:
    """Between two items, cut the largest groups that may go; each group that may not gives up its first needed item.

    A group's size is such that it succeeds about every second time, given ``found`` needed items among the ``seen``.
    """
    while start < end:
        size = min(_even_chance(found / seen), end - start)
        group = frozenset(range(start, start + size))
        if (yield gone | group):
            gone |= group
            start, seen = start + size, seen + size
            continue
        low, high = start, start + size
        while high - low > 1:
            middle = (low + high) // 2
            half = frozenset(range(low, middle))
            if (yield gone | half):
                gone |= half
                low = middle
            else:
                high = middle
        seen, found, start = seen + low + 1 - start, found + 1, low + 1
    return gone


def _even_chance(density: float) -> int:
    """How many items together hold no needed one with probability one half."""
    return max(1, round(math.log(0.5) / math.log1p(-density))) if density < 1 else 1


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
