"""What each method took in a replay: in all, and for one gradient beside the script's own method at the same calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from qdiag.judging.replay.call_result import CallResult
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import Cost


@dataclass
class _Told:
    """What is known of one method so far."""

    method: Method
    calls: int = 0
    seconds: float = 0.0
    memory: list[int] = field(default_factory=list)
    usual: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, evaluation: Evaluation) -> None:
        self.calls += 1
        self.seconds += evaluation.seconds
        self.memory.append(evaluation.memory)


def costs_of(results: Sequence[CallResult]) -> tuple[Cost, ...]:
    """What each method took, in the order in which they were met.

    Medians, since the first call of a structure takes longer than others. A call of which a method saw a part counts in sums alone.
    """
    told: dict[Method, _Told] = {}
    for one in results:
        own = told.setdefault(one.own.method.bare, _Told(one.own.method))
        own.add(one.own)
        in_parts = bool(one.rows or one.tracked)
        if one.usual and not in_parts:
            own.usual.append(one.usual)
            own.times.append(1.0)
        for side in one.sides:
            other = told.setdefault(side.method.bare, _Told(side.evaluation.method))
            other.add(side.evaluation)
            if side.seconds and not in_parts and one.usual:
                other.usual.append(side.seconds)
                other.times.append(side.seconds / one.usual)
    return tuple(_cost(one) for one in told.values())


def _cost(one: _Told) -> Cost:
    usual, times = (median(numbers) if numbers else 0.0 for numbers in (one.usual, one.times))
    return Cost(one.method, one.calls, one.seconds, usual, times, int(median(one.memory)))
