"""Which questions a strategy is likely to ask next: found by replaying it with guessed answers, so that idle workers can start them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Optional

from qdiag.proving.minimizing.deletion import Items, Strategy

FLOOR = 0.1
"""Chains of guesses less likely than this are not worth a worker."""


def likely(strategy: Strategy, count: int, answers: list[bool]) -> Iterator[Items]:
    """Questions that may follow the present one, the likeliest first, given that answers go on as they went so far.

    Parameters
    ----------
    strategy, count
        The search, and of how many items.
    answers
        Those it has been given.
    """
    yes = (sum(answers) + 1) / (len(answers) + 2)
    heap: list[tuple[float, list[bool]]] = [(-yes, [True]), (yes - 1, [False])]
    heapq.heapify(heap)
    while heap:
        weight, guesses = heapq.heappop(heap)
        if -weight < FLOOR:
            return
        question = _next_question(strategy, count, answers + guesses)
        if question is not None:
            yield question
            heapq.heappush(heap, (weight * yes, guesses + [True]))
            heapq.heappush(heap, (weight * (1 - yes), guesses + [False]))


def _next_question(strategy: Strategy, count: int, answers: list[bool]) -> Optional[Items]:
    plan = strategy(count)
    try:
        question = next(plan)
        for answer in answers:
            question = plan.send(answer)
    except StopIteration:
        return None
    return question
