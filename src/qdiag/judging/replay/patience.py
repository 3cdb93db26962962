"""How much of its time a replay gives to methods that cost a lot: half of what the script's own evaluations take.

A method is dear where its cost grows with each parameter, slow where one evaluation takes long all the same. What they take is
measured as it comes, for each structure of circuit. At the first call of each structure slow methods are asked, whatever they take, and
dear ones where it holds an operation or a measurement that no structure before it held: a run may have a structure for each step.

Methods that are neither are asked at every call, as long as all of them together take no longer than the script's own evaluations: a
run may have thousands of quick calls.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Optional

from qdiag.judging.replay.call_result import CallResult, Share, usual_seconds
from qdiag.judging.row_samples import TAKEN_APART
from qdiag.model.method import Method

LEAST, MOST = 1.5, 10.0
"""Processor seconds that dear methods have at other calls than first ones, at least and at most, and slow ones as much again: between
these, a share of what the script's own evaluations take."""

SHARE = 0.5
"""Which share that is."""

SLOW = 0.5
"""Processor time from which a method counts as slow although its cost does not grow with each parameter: at the other calls of the
structure a cheaper route is asked first, where there is one."""

OF_QUICK = 15.0
"""Processor seconds that quick methods have in any case: a short training has all of its calls replayed, on a slow machine, too."""

SLOW_OWN = 0.1
"""The same of the script's own method, for which the record can stand."""


class Patience:
    """What methods took so far, and whether there is time for them at one more call.

    Parameters
    ----------
    every
        Whether the user has said at which calls expensive methods are asked: then there is.
    """

    def __init__(self, every: Optional[int]) -> None:
        self._unlimited = every is not None
        self._own, self._calls = 0.0, 0
        self._gradient: dict[tuple[str, Method], float] = {}
        self._dear: dict[str, list[float]] = {}
        self._slow: dict[tuple[str, Method], float] = {}
        self._part: dict[tuple[str, Method], float] = {}
        self._quick: dict[tuple[str, Method], float] = {}
        self._spent_on_quick = 0.0
        self._spent: dict[Optional[Share], float] = defaultdict(float)

    def learn(self, structure: str, result: CallResult) -> None:
        """Take note of what the evaluations of a call took."""
        if result.share is Share.WHOLE or (result.share is Share.PART and result.late is not None):
            seconds, asked = usual_seconds(result.own), (structure, result.own.method)
            self._own += seconds
            self._calls += 1
            # a first evaluation may have taken what a worker takes to warm up
            self._gradient[asked] = min(seconds, self._gradient.get(asked, seconds))
            self._learn_of_own(structure, result)
        elif result.share is Share.PART:
            self._part[structure, result.own.method] = result.own.seconds
        dear = sum(side.evaluation.seconds for side in result.sides if side.method.per_parameter)
        if dear:
            self._dear.setdefault(structure, []).append(dear)
        for side in result.sides:
            if (structure, side.method) in self._slow:
                # what it takes at another call than the first, by the route that is taken there, is known now
                self._slow[structure, side.method] = side.evaluation.seconds
            elif side.of_few_rows and side.method.by_device and result.batch <= TAKEN_APART:
                # it would have been asked about all rows, were it quick
                self._slow[structure, side.method] = side.seconds_of_few
            elif not side.method.per_parameter and side.seconds > SLOW:
                price = side.seconds_of_few if side.method.by_device else 0.0
                self._slow[structure, side.method] = price or side.seconds
            elif not side.method.per_parameter:
                self._quick[structure, side.method] = side.seconds

    def _learn_of_own(self, structure: str, result: CallResult) -> None:
        """Take note that the script's own method is slow, where a replay of it gives what the script got."""
        faithful = result.unfaithful is None or result.unfaithful.explained
        answered = result.own.outputs is not None and result.own.failure is None and result.late is None and not result.made_over
        seconds = usual_seconds(result.own)
        if faithful and answered:
            # a first evaluation may have taken what a worker takes to warm up
            self._slow[structure, result.own.method] = seconds if seconds > SLOW_OWN else 0.0

    def gradient_of_own(self, structure: str, method: Method) -> float:
        """What a gradient takes under the script's own method; 0 where nobody knows yet, or all is to be asked whatever it takes."""
        return 0.0 if self._unlimited else self._gradient.get((structure, method), 0.0)

    @property
    def knows_slow_methods(self) -> bool:
        """Whether any method is slow."""
        return any(self._slow.values())

    def is_slow(self, structure: str, method: Method) -> bool:
        """Whether a method was slow at the first call of a structure."""
        return self._slow.get((structure, method), 0.0) > 0

    def has_time_for(self, structure: str, method: Method, calls: int) -> bool:
        """Whether a method is asked at another call of a structure, if it is not dear; the time is set aside when it is.

        ``calls`` is how many the trace has.
        """
        slow = self._slow.get((structure, method), 0.0)
        return self._has_time(slow, self._seconds(calls), None) if slow else self._has_time_for_quick(structure, method, calls)

    def _has_time_for_quick(self, structure: str, method: Method, calls: int) -> bool:
        seconds = self._quick.get((structure, method), 0.0)
        if self._unlimited or self._spent_on_quick + seconds <= self._seconds_of_quick(calls):
            self._spent_on_quick += seconds
            return True
        return not seconds

    def is_short_of_time(self, calls: int) -> bool:
        """Whether quick methods will not be asked at every call."""
        return not self._unlimited and max(self._quick.values(), default=0.0) * calls > self._seconds_of_quick(calls)

    def _seconds_of_quick(self, calls: int) -> float:
        return max(OF_QUICK, self._own_seconds(calls))

    def has_time_for_own(self, structure: str, method: Method, share: Share) -> bool:
        """The same of the script's own method, which has `MOST` for wholes, so that a short run is replayed, and as much for parts."""
        known = self._slow if share is Share.WHOLE else self._part
        return self._has_time(known.get((structure, method), 0.0), MOST, share)

    def _has_time(self, seconds: float, most: float, of: Optional[Share]) -> bool:
        if not seconds or self._unlimited:
            return True
        if self._spent[of] + seconds > most:
            return False
        self._spent[of] += seconds
        return True

    def has_time_for_dear(self, structure: str, calls: int, open_calls: int) -> bool:
        """Whether one more call of a structure is begun under dear methods, while others are under way."""
        if self._unlimited:
            return True
        spent = self._dear.get(structure) or self._usual_at_first()
        # at its first call a structure took more than it will: there the full Jacobian was formed
        usual = sum(spent[1:]) / (len(spent) - 1) if len(spent) > 1 else sum(spent)
        return sum(map(sum, self._dear.values())) + (open_calls + 1) * usual <= self._seconds(calls)

    def _usual_at_first(self) -> list[float]:
        """What the first call of a structure takes, by those of others."""
        firsts = [took[0] for took in self._dear.values()]
        return [sum(firsts) / len(firsts)] if firsts else []

    def _seconds(self, calls: int) -> float:
        return min(MOST, max(LEAST, SHARE * self._own_seconds(calls)))

    def _own_seconds(self, calls: int) -> float:
        """What the script's own evaluations take, of so many calls."""
        return self._own / max(1, self._calls) * calls
