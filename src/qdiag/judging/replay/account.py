"""The account of a replay: what was evaluated in it and what was not, told result by result, since there may be very many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from qdiag.judging.replay.call_result import CallResult, Share
from qdiag.judging.replay.costs import Costs
from qdiag.judging.replay.silences import Silences
from qdiag.model.call import IDLE_DEVICE, Failure
from qdiag.model.comparison import Comparison
from qdiag.model.coverage import Unseen
from qdiag.model.method import Method, once_each
from qdiag.model.result import NotRebuilt, ReplaySummary, Unfaithful


class Account:
    """What the results of a replay come to; they are told in the order of their calls.

    Attributes
    ----------
    replayed
        How many calls were evaluated under at least two methods.
    made_over
        How many gave what a transform works out from several circuits' results.
    idle
        How many were on a device that works nothing out.
    unfaithful, not_rebuilt
        As in `ReplaySummary`.
    untold
        Options that other devices were not told, once for each call.
    alone
        Why the script's own method failed where nothing stands beside it.
    """

    def __init__(self) -> None:
        self.replayed = 0
        self.made_over = 0
        self.idle = 0
        self.unfaithful: list[Unfaithful] = []
        self.not_rebuilt: list[NotRebuilt] = []
        self.untold: list[str] = []
        self.alone: list[Failure] = []
        self._circuits = 0
        self._recorded = Counter[Method]()
        self._met: tuple[dict[Method, None], dict[Method, None]] = ({}, {})
        self._counts: Counter[Method] = Counter()
        self._costs, self._silences = Costs(), Silences()
        self._rows: dict[Method, tuple[int, int]] = {}
        self._numbers: dict[Method, tuple[int, int]] = {}

    def add(self, result: CallResult) -> None:
        """Take note of one more result."""
        # whose outputs came, and whose way back failed, says nothing of a gradient
        self.replayed += any(side.evaluation.failure is None for side in result.sides)
        self.made_over += result.made_over
        self.idle += result.idle
        if result.unfaithful is not None:
            self.unfaithful.append(result.unfaithful)
        if result.not_rebuilt is not None:
            self.not_rebuilt.append(result.not_rebuilt)
        if result.untold:
            self.untold.append(result.untold)
        if not result.sides and result.own.failure is not None:
            self.alone.append(result.own.failure)
        methods = result.methods
        self._met[0].update(dict.fromkeys(methods))
        in_part = result.share is Share.PART or (result.share is Share.RECORD and result.late is not None)
        if result.of_few_numbers and in_part:
            self._numbers.setdefault(result.own.method.bare, result.numbers)
        if result.rows and in_part:
            self._rows.setdefault(result.own.method.bare, (len(result.rows), result.batch))
        for side in result.sides:
            if result.of_few_numbers and (side.method.per_parameter or in_part):
                self._numbers.setdefault(side.method.bare, result.numbers)
            if result.rows and side.of_few_rows:
                self._rows.setdefault(side.method.bare, (len(result.rows), result.batch))
        if not (result.made_over or result.idle or result.not_rebuilt or result.without_circuit):
            self._circuits += 1
            self._met[1].update(dict.fromkeys(methods))
            by_record = result.share is Share.RECORD
            self._counts.update(method.bare for method in methods[by_record:])
            self._recorded[result.own.method] += by_record and bool(result.sides)
            self._costs.add(result)
            self._silences.add(result)

    def summary(self, comparisons: Iterable[tuple[int, Comparison]], unseen: tuple[Unseen, ...]) -> ReplaySummary:
        """All that is known by now, with the comparisons and what was left out."""
        methods = once_each(self._met[1] if self._circuits else self._met[0])
        lacking = self._silences.all()
        silent = ReplaySummary(unanswered=lacking).silent
        return ReplaySummary(
            methods=methods,
            replayed=self.replayed,
            sampled=tuple((m, self._counts[m.bare]) for m in methods if self._is_sampled(m) and m.bare not in silent),
            unanswered=lacking,
            rows=tuple((m, *self._rows[m.bare]) for m in methods if m.bare in self._rows),
            parameters=tuple((m, *self._numbers[m.bare]) for m in methods if m.bare in self._numbers),
            unfaithful=tuple(self.unfaithful),
            comparisons=comparisons,
            costs=self._costs.all(),
            unseen=unseen,
            not_rebuilt=tuple(self.not_rebuilt),
        )

    def _is_sampled(self, method: Method) -> bool:
        return 0 < self._counts[method.bare] < self._circuits

    def notes(self) -> Iterator[str]:
        """Sentences about calls at which something was not compared."""
        yield from _about_untold(self.untold)
        if self.idle:
            calls = "1 call is" if self.idle == 1 else f"{self.idle} calls are"
            yield f"{calls} on {IDLE_DEVICE}, which gives zeros and works nothing out: nothing is compared there"
        if self.made_over:
            calls = "1 call gives" if self.made_over == 1 else f"{self.made_over} calls give"
            yield f"{calls} what a transform works out from the results of several circuits: no two methods are compared there"
        for method, times in self._recorded.items():
            if times:
                calls = "1 call" if times == 1 else f"{times} calls"
                yield f"{method} is slow: at {calls} the others are held against what the script got of it"


def _about_untold(options: Sequence[str]) -> Iterator[str]:
    for words, times in Counter(options).items():
        calls = "1 call" if times == 1 else f"{times} calls"
        yield f"{words} is part of what the script's device computes: no other device is held against it at {calls}"
