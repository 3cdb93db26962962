"""The first call that shows an error, where its method was asked at some calls alone.

Between the call that shows it and the last before it at which the method was asked, others may show it, too. They are looked at by
halves: an error that stays once it has come is found at its first call; one that comes and goes, at an earlier call than was known.
"""

from __future__ import annotations

from collections.abc import Callable

from qdiag.judging.replay.patience import MOST
from qdiag.judging.replay.replayed import Replayed
from qdiag.model.method import Method


def unasked_before(index: int, method: Method, replayed: Replayed, structure_of: Callable[[int], str]) -> list[int]:
    """Calls of one structure before a call of it, back to the last at which a method was asked, in order."""
    found: list[int] = []
    for earlier in range(index - 1, -1, -1):
        if structure_of(earlier) == structure_of(index):
            result = replayed.get(earlier)
            if result is not None and method in result.methods:
                break
            found.append(earlier)
    return found[::-1]


def go_back(
    replayed: Replayed, structure_of: Callable[[int], str], ask: Callable[[int, Method], float], over: Callable[[], bool]
) -> bool:
    """Look for the first call of each kind of error, for `MOST` seconds of processor time.

    Parameters
    ----------
    replayed
        What has been replayed, and what it shows.
    structure_of
        Gives the structure of a call's circuit.
    ask
        Replays a call under a method as well; gives the processor time that took.
    over
        Whether there is no time for more.

    Returns
    -------
    bool
        Whether a call was asked for it.
    """
    spent, asked = 0.0, False
    for (index, _), difference in list(replayed.first_errors()):
        left = unasked_before(index, difference.method, replayed, structure_of)
        while left and spent < MOST and not over():
            half = len(left) // 2
            spent, asked = spent + ask(left[half], difference.method), True
            left = left[:half] if replayed.errs(left[half], difference.method) else left[half + 1 :]
    return asked
