"""What has been replayed so far, call by call, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Optional

from qdiag.evaluation.limits import Deadline
from qdiag.judging.replay.account import Account
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.differences import Difference, Key, differences, divergences
from qdiag.judging.replay.kept import Comparisons, KeptValues
from qdiag.judging.replay.located import Located, verdict_of
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Gap, Unseen
from qdiag.model.method import Method
from qdiag.model.unanswered import Reason, reason_of

Place = tuple[int, int]
"""A call, and which of the differences that it shows."""


class Replayed:
    """Results by the indices of their calls, and the differences that they show."""

    def __init__(self) -> None:
        self._results: KeptValues[CallResult] = KeptValues()
        self._differences: KeptValues[tuple[Difference, ...]] = KeptValues()
        self._astray: set[int] = set()
        self._samples: set[int] = set()

    def __len__(self) -> int:
        return len(self._results)

    def __contains__(self, index: int) -> bool:
        return index in self._results

    def __getitem__(self, index: int) -> CallResult:
        return self._results[index]

    def get(self, index: int) -> Optional[CallResult]:
        """What a call came to; None where it was not replayed."""
        if index not in self._results:
            return None
        return self._results[index]

    def take(self, result: CallResult, call: Call) -> bool:
        """Keep a result, and say so; one that tells less than what is known of its call is not kept."""
        index = result.call
        if not call.circuit.resolved:
            self._astray.add(index)
        if call.circuit.samples_only:
            self._samples.add(index)
        if index in self._results:
            earlier = self._results[index]
            # what ran out of its time was not asked again
            late = [(method, failure) for method, failure in earlier.refused if method not in result.methods]
            result = replace(result, refused=(*result.refused, *late))
            if len(earlier.methods) > len(result.methods):
                return False
        self._results[index] = result.without_arrays()
        found = differences(result, call)
        if found or index in self._differences:
            self._differences[index] = found
        return True

    def errors(self) -> Iterator[tuple[Place, Difference]]:
        """Each difference that seems to be an error, with its place."""
        for index in self._differences:
            for position, difference in enumerate(self._differences[index]):
                if difference.comparison.verdict is Verdict.ERROR:
                    yield (index, position), difference

    def regrade(self, place: Place, looked: Difference) -> None:
        """Put what a second look made of a difference in its place."""
        index, position = place
        group = list(self._differences[index])
        group[position] = looked
        self._differences[index] = tuple(group)

    def first_errors(self) -> Iterable[tuple[Place, Difference]]:
        """The first of each kind of error."""
        first: dict[Key, tuple[Place, Difference]] = {}
        for place, difference in self.errors():
            first.setdefault(difference.key, (place, difference))
        return first.values()

    def flagged_calls(self) -> set[int]:
        """The first call of each kind of error."""
        return {index for (index, _), _ in self.first_errors()}

    def errs(self, index: int, method: Method) -> bool:
        """Whether a call shows an error between a method and the script's own."""
        if index not in self._differences:
            return False
        shown = self._differences[index]
        return any(d.comparison.verdict is Verdict.ERROR and method in (d.method, *d.members) for d in shown)

    def located(self, call: Callable[[int], Call], recorded: int, length: int, deadline: Deadline) -> Located:
        """What is known so far.

        Parameters
        ----------
        call
            Gives a call by index.
        recorded, length
            How many calls there are, and how many of them are to be replayed.
        deadline
            When no further call is begun.
        """
        account, verdicts = Account(), set[Verdict]()
        for result in self._results.values():
            account.add(result)

        def found() -> Iterator[Difference]:
            for group in self._differences.values():
                for difference in group:
                    verdicts.add(difference.comparison.verdict)
                    yield difference

        parted = divergences(found(), call, lambda index: self._results[index].raised)
        unseen = tuple(self._unseen(account.alone, recorded, length, deadline))
        return Located(
            **vars(account.summary(Comparisons(self._results), unseen)),
            divergences=parted,
            verdict=verdict_of(verdicts, account.unfaithful, account.replayed),
            recorded=recorded,
            notes=(*self._about_astray(), *self._about_samples(), *account.notes()),
        )

    def _unseen(self, failures: Sequence[Failure], recorded: int, length: int, deadline: Deadline) -> Iterator[Unseen]:
        late = sum(1 for failure in failures if reason_of(failure) is Reason.NOT_IN_TIME)
        done = len(self._results) - late
        if deadline.passed and done < length:
            after = f"after {done} of {length} calls, spread over the run"
            text = f"The budget of {deadline.seconds or 0:g} s ended the replay {after}."
            yield Unseen(Gap.BUDGET, text, length - done, recorded)
        not_replayed = [failure for failure in failures if reason_of(failure) is Reason.NOT_REPLAYED]
        if not_replayed:
            calls = "1 call" if len(not_replayed) == 1 else f"{len(not_replayed)} calls"
            text = f"{calls} cannot be replayed: {not_replayed[0].message.rstrip('.')}."
            yield Unseen(Gap.OPAQUE, text, len(not_replayed), recorded)
        if length < recorded:
            text = f"Only the first {length} of {recorded} calls were to be replayed."
            yield Unseen(Gap.MAX_CALLS, text, recorded - length, recorded)

    def _about_astray(self) -> Iterator[str]:
        if self._astray:
            calls = "1 call has" if len(self._astray) == 1 else f"{len(self._astray)} calls have"
            numbers = f"from call {min(self._astray)} on, parameters that are not finite, or too large for their precision"
            yield f"{calls}, {numbers}: nothing is compared there"

    def _about_samples(self) -> Iterator[str]:
        if self._samples:
            calls = "1 call returns" if len(self._samples) == 1 else f"{len(self._samples)} calls return"
            yield f"{calls} raw samples or counts alone: nothing is compared there"
