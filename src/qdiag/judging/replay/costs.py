"""What each method took in a replay: in all, and for one gradient beside the script's own method at the same calls."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from statistics import median

from qdiag.judging.replay.call_result import CallResult, Share
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.result import Cost


def _numbers() -> array[float]:
    return array("d")


@dataclass
class _Told:
    """What is known of one method so far."""

    method: Method
    calls: int = 0
    seconds: float = 0.0
    memory: array[float] = field(default_factory=_numbers)
    usual: array[float] = field(default_factory=_numbers)
    times: array[float] = field(default_factory=_numbers)

    def add(self, evaluation: Evaluation) -> None:
        self.calls += 1
        self.seconds += evaluation.seconds
        self.memory.append(evaluation.memory)


class Costs:
    """What each method took, told call by call.

    Medians, since the first call of a structure takes longer than others. A call of which a method saw a part counts in sums alone.
    """

    def __init__(self) -> None:
        self._told: dict[Method, _Told] = {}

    def add(self, one: CallResult) -> None:
        """Take note of what the methods took at one more call."""
        told = self._told
        own = told.setdefault(one.own.method.bare, _Told(one.own.method))
        if one.share is not Share.RECORD:
            own.add(one.own)
        in_parts = bool(one.rows) or one.of_few_numbers
        if one.usual and not in_parts:
            own.usual.append(one.usual)
            own.times.append(1.0)
        for side in one.sides:
            if side.method.compiled:
                # nearly all of it is compiling, which a script does once
                continue
            other = told.setdefault(side.method.bare, _Told(side.evaluation.method))
            other.add(side.evaluation)
            if side.seconds and not in_parts and one.usual:
                other.usual.append(side.seconds)
                other.times.append(side.seconds / one.usual)

    def all(self) -> tuple[Cost, ...]:
        """What each method took so far, in the order in which they were met."""
        return tuple(_cost(one) for one in self._told.values() if one.calls)


def _cost(one: _Told) -> Cost:
    usual, times = (median(numbers) if numbers else 0.0 for numbers in (one.usual, one.times))
    return Cost(one.method, one.calls, one.seconds, usual, times, int(median(one.memory)))
