"""The replay of a trace: cheap methods at every call as it grows, expensive ones at a sample, then a closer look at what is flagged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Optional, Protocol

from qdiag.errors import MissingInterfaceError
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.judging.parameter_samples import with_tracked
from qdiag.judging.replay.account import Account
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.desk import Case, Desk, Replaying, replay_all
from qdiag.judging.replay.differences import Difference, Key, differences, divergences, doubt_difference
from qdiag.judging.replay.kept import Comparisons, KeptValues
from qdiag.judging.replay.located import Located, verdict_of
from qdiag.judging.replay.one_call import Lessons, replay_call
from qdiag.judging.replay.parts import Parts
from qdiag.judging.replay.patience import Patience
from qdiag.judging.replay.plan import Plan, sampled_calls, shadows, spread_over
from qdiag.judging.replay.rebuilding import obstacle
from qdiag.judging.replay.records import recorded_evaluation, without_numbers
from qdiag.judging.replay.second_look import look_closer
from qdiag.judging.row_samples import Rows, batch_size, batched_parameters, in_whole_batch, with_rows
from qdiag.model.call import Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Gap, Unseen
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.unanswered import Reason, reason_of
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.keys import circuit_key

Progress = Callable[[int, int], None]
"""Told how many calls are done, and of how many."""

Doing = Callable[[Call, Sequence[Method]], None]
"""Told which call is begun, and under which methods beside its own."""

HOPELESS = 2
"""A method that lost its worker so often on one structure is not asked again; one that ran out of its time is not asked twice."""

TURN = 0.5
"""Seconds after which `advance` leaves off, so that whoever asked can look after other things."""

PLAINLY = 0.1
"""A later call is the error that was confirmed before if its excess over the bound is at least this part of the confirmed one."""

ENOUGH = 4
"""So many structures of circuits are looked at again that show one kind of error."""

_Error = tuple[int, int, Difference]
"""The call that shows an error, its place among the differences of that call, and what it is."""


class CallSource(Protocol):
    """A trace, or anything that gives calls by index."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index."""

    def structure_of(self, index: int) -> str:
        """Equal for calls whose circuits differ in nothing but numbers."""

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures or of all."""

    def refresh(self) -> int:
        """Look again how many calls there are."""


class Replay:
    """A replay under way: `advance` while the script runs, `finish` afterwards; `known_so_far` tells at any time what is known.

    Ctrl-C between or inside these loses nothing that was evaluated: the same replay with the same store takes up from there.

    Parameters
    ----------
    trace, evaluator, plan
        The calls, where they are evaluated, and which under which methods.
    store
        Keeps evaluations.
    progress
        Told how many calls are done.
    doing
        Told which call is begun, and under which methods.
    deadline
        When no further call is begun; it begins when the script has ended.
    """

    def __init__(
        self,
        trace: CallSource,
        evaluator: Evaluator,
        plan: Plan,
        *,
        store: Optional[EvaluationStore] = None,
        progress: Optional[Progress] = None,
        doing: Optional[Doing] = None,
        deadline: Optional[Deadline] = None,
    ) -> None:
        self._trace = trace
        self._evaluator = evaluator
        self._plan = plan
        self._deadline = deadline or Deadline(plan.budget)
        self._desk = Desk(evaluator, store if store is not None else EvaluationStore())
        self._progress = progress or (lambda done, total: None)
        self._doing = doing or (lambda call, methods: None)
        self._results: KeptValues[CallResult] = KeptValues()
        self._differences: KeptValues[tuple[Difference, ...]] = KeptValues()
        self._first: dict[str, int] = {}
        self._first_circuit: dict[str, str] = {}
        self._wanted: dict[str, tuple[Method, ...]] = {}
        self._first_compiled: dict[str, int] = {}
        self._carriers: dict[tuple[str, int], Rows] = {}
        self._patience = Patience(plan.every)
        self._lost: Counter[tuple[str, Method]] = Counter()
        self._late: set[tuple[str, Method]] = set()
        self._late_own: dict[tuple[str, Method], Failure] = {}
        self._like: dict[tuple[str, Method], Evaluation] = {}
        self._refusing: set[tuple[str, Method]] = set()
        self._put_off: list[Case[CallResult]] = []
        self._swept = 0
        self._done = 0
        self._total = 0
        self._astray: set[int] = set()
        self._samples: set[int] = set()
        self._call = lru_cache(maxsize=4 * plan.in_flight)(trace.call)

    def advance(self, seconds: float = TURN, ended: Callable[[], bool] = lambda: False, *, over: bool = False) -> bool:
        """Replay calls of optimiser steps that are over, for a short time; whether more of them wait.

        A step is over when a call of the next one is there: its backward passes have all arrived.

        Parameters
        ----------
        seconds
            For how long.
        ended
            Whether to leave off before that. What is being evaluated then goes on, and the next turn takes it up.
        over
            Whether all of them are: the script has ended.
        """
        length = self._plan.length(self._trace.refresh())
        if not length:
            return False
        current = self._trace.call(length - 1).step
        ready = length
        while not over and ready > self._swept and self._trace.call(ready - 1).step == current:
            ready -= 1
        until = time.monotonic() + seconds
        self._sweep(self._not_begun(ready), length, cheap=True, paused=lambda: time.monotonic() > until or ended())
        while self._swept < ready and self._swept in self._results:
            self._swept += 1
        return self._swept < ready

    def finish(self) -> Located:
        """Replay what is left, the expensive methods at their sample of calls, and look closer at what seems to be an error."""
        self.finish_cheap_methods()
        length = self._swept
        sample = sampled_calls(length, self._first.values(), self._flagged_calls(), self._plan.every)
        wanting = [i for i in sample if i in self._results and self._wants_more(i)]
        firsts = [i for i in wanting if self._first[self._trace.structure_of(i)] == i]
        self._sweep(firsts, self._done + len(wanting), cheap=False)
        wanting = [i for i in wanting if i not in firsts and self._wants_more(i)]
        total = self._done + len(wanting)
        self._sweep(self._most_wanted_first(wanting, sample), total, cheap=False, going_on=self._has_time_for_dear_methods)
        self._look_closer()
        return self.known_so_far()

    def begin_cheap_methods(self, seconds: float) -> Optional[Located]:
        """Replay what is left under the methods that cost little, calls spread over the run, for so long: what is known by then.

        None where nothing is left after it: `finish_cheap_methods` says the same then, and at once.
        """
        self._deadline.begin()
        until = time.monotonic() + seconds
        if self._sweep_left(lambda: time.monotonic() > until, spread=True):
            return None
        self._look_closer()
        return self.known_so_far()

    def finish_cheap_methods(self) -> Located:
        """Replay what is left under the methods that cost little, and look closer at what seems to be an error: a first answer."""
        self._deadline.begin()
        self._sweep_left(None, spread=self._deadline.seconds is not None)
        self._swept = self._plan.length(len(self._trace))
        self._look_closer()
        return self.known_so_far()

    def _sweep_left(self, paused: Optional[Callable[[], bool]], *, spread: bool) -> bool:
        """Replay calls that have not been under cheap methods, and say whether all were.

        Spread over the run where it may end after any of them, as by a budget, or where slow methods are asked at the first ones alone.
        """
        length = self._plan.length(self._trace.refresh())
        left = self._not_begun(length)
        # those cost the most, and teach what the others need not try
        known = frozenset(left)
        firsts = [index for index in self._trace.first_of_each_structure() if index in known]
        if not self._sweep(firsts, length, cheap=True, paused=paused):
            return False
        known, spread = frozenset(firsts), spread or self._patience.knows_slow_methods
        rest = [index for index in (spread_over(left) if spread else left) if index not in known]
        return self._sweep(rest, length, cheap=True, paused=paused)

    def _not_begun(self, length: int) -> Sequence[int]:
        """Calls up to a length that are neither replayed nor being replayed."""
        under_way = {case.index for case in self._put_off}
        return [index for index in range(self._swept, length) if index not in self._results and index not in under_way]

    def _most_wanted_first(self, wanting: Sequence[int], sample: Sequence[int]) -> Sequence[int]:
        """Calls at which expensive methods are wanted: those at which cheap ones differ, then others, spread over the run."""
        if self._plan.every is not None:
            return wanting
        around = {index + offset for index in self._flagged_calls() for offset in (-1, 0, 1)}
        return [*(i for i in wanting if i in around), *(i for i in spread_over(sample) if i in wanting and i not in around)]

    def _has_time_for_dear_methods(self, index: int, open_calls: int) -> bool:
        """Whether one more call is begun under expensive methods, while others are under way: by what they took so far."""
        return self._patience.has_time_for_dear(self._trace.structure_of(index), self._plan.length(len(self._trace)), open_calls)

    def knows(self, index: int) -> bool:
        """Whether a call was replayed so far."""
        return index in self._results

    def known_so_far(self) -> Located:
        """What is known so far."""
        account, verdicts = Account(), set[Verdict]()
        for result in self._results.values():
            account.add(result)

        def found() -> Iterator[Difference]:
            for group in self._differences.values():
                for difference in group:
                    verdicts.add(difference.comparison.verdict)
                    yield difference

        parted = divergences(found(), self._trace.call, lambda index: self._results[index].raised)
        return Located(
            **vars(account.summary(Comparisons(self._results), tuple(self._unseen(account.alone)))),
            divergences=parted,
            verdict=verdict_of(verdicts, account.unfaithful, account.replayed),
            recorded=len(self._trace),
            notes=(*self._about_astray(), *self._about_samples(), *account.notes()),
        )

    def _unseen(self, failures: Sequence[Failure]) -> Iterator[Unseen]:
        recorded = len(self._trace)
        late = sum(1 for failure in failures if reason_of(failure) is Reason.NOT_IN_TIME)
        length, done = self._plan.length(recorded), len(self._results) - late
        if self._deadline.passed and done < length:
            after = f"after {done} of {length} calls, spread over the run"
            text = f"The budget of {self._deadline.seconds or 0:g} s ended the replay {after}."
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

    # --- sweeping ----------------------------------------------------------------------------------------------------

    def _sweep(
        self,
        indices: Sequence[int],
        total: int,
        *,
        cheap: bool,
        going_on: Callable[[int, int], bool] = lambda index, begun: True,
        paused: Optional[Callable[[], bool]] = None,
    ) -> bool:
        """Judge calls; whether nothing made it leave off.

        Parameters
        ----------
        indices, total
            Which, in order, and how many calls there are to tell of.
        cheap
            Whether expensive methods are left out.
        going_on
            Whether a call is begun, given how many are under way; where it is not, none after it is either.
        paused
            Whether to leave off at once; the next sweep goes on with calls that are under way then. Where that may be, one worker is
            kept free of long evaluations: whoever leaves off has something to ask.
        """
        self._total = total
        begun, done = 0, self._done

        def in_time() -> Iterator[int]:
            nonlocal begun
            for index in indices:
                if not going_on(index, begun - (self._done - done)):
                    return
                begun += 1
                yield index

        self._desk.let_go(sparing=paused is not None)
        cases = self._cases(in_time(), cheap=cheap)
        whole = replay_all(cases, self._desk, self._plan.in_flight, self._take, paused or (lambda: False), self._put_off)
        self._desk.hold()
        return whole

    def _cases(
        self, indices: Iterable[int], *, cheap: bool
    ) -> Iterator[tuple[int, Callable[[], Replaying[CallResult]], Callable[[], bool]]]:
        for index in indices:
            if self._deadline.passed:
                return
            structure = self._trace.structure_of(index)
            first = self._first.setdefault(structure, index)

            def start(index: int = index, structure: str = structure) -> Replaying[CallResult]:
                call = self._call(index)
                wanted = [m for m in self._methods(index) if not (cheap and m.per_parameter) and not self._is_hopeless(index, m)]
                methods = [m for m in wanted if self._has_time_for(m, index)]
                self._doing(call, methods)
                key = circuit_key(call.circuit)
                # A repetition of the structure's first circuit asks the same question, and so gets the same answer.
                thorough = self._first_circuit.setdefault(structure, key) == key
                lessons = self._lessons(call, structure, methods, thorough=thorough)
                parts = Parts(self._batched(index), self._expanded)
                return replay_call(call, key, methods, self._plan, parts, thorough=thorough, lessons=lessons)

            def may_start(index: int = index, first: int = first) -> bool:
                # What a structure's first call teaches about refusals spares its other calls the attempt.
                return index == first or first in self._results

            yield index, start, may_start

    def _lessons(self, call: Call, structure: str, methods: Sequence[Method], *, thorough: bool) -> Lessons:
        """What other calls of a structure have taught; its first circuit is looked at as if nothing were known."""
        late = self._late_own.get((structure, call.method))
        if thorough or late is not None:
            return Lessons(late=late, late_in_part=(structure, call.method) in self._late)
        screened = [method for method in methods if method.by_device and self._patience.is_slow(structure, method)]
        return Lessons(screened, recorded=self._record_of(call, structure))

    def _record_of(self, call: Call, structure: str) -> Optional[Evaluation]:
        """What the script got of a call where that is to stand for its own method; None where the method itself is asked."""
        like = self._like.get((structure, call.method))
        recorded = None if like is None else recorded_evaluation(call, like)
        if call.index in self._results:
            return recorded if self._results[call.index].recorded else None
        if recorded is None or self._patience.has_time_for_own(structure, call.method, self._plan.length(len(self._trace))):
            return None
        return recorded

    def _take(self, index: int, result: CallResult) -> None:
        structure = self._trace.structure_of(index)
        if result.late is not None:
            self._late_own.setdefault((structure, result.own.method), result.late)
            if not (result.rows or result.of_few_numbers):
                # nor is it in time for a part, or there is none: nothing is waited for beside it either
                self._late.add((structure, result.own.method))
        for method, failure in result.refused:
            if failure.refusal:
                self._refusing.add((structure, method))
            elif failure.stage == "timeout":
                self._late.add((structure, method))
            elif failure.passing:
                self._lost[structure, method] += 1
        self._patience.learn(structure, result)
        if self._patience.is_slow(structure, result.own.method):
            self._like.setdefault((structure, result.own.method), without_numbers(result.own))
        if not self._call(index).circuit.resolved:
            self._astray.add(index)
        if self._call(index).circuit.samples_only:
            self._samples.add(index)
        if index in self._results:
            earlier = self._results[index]
            # what ran out of its time was not asked again
            late = [(method, failure) for method, failure in earlier.refused if method not in result.methods]
            result = replace(result, refused=(*result.refused, *late))
            if len(earlier.methods) > len(result.methods):
                return
        self._results[index] = result.without_arrays()
        found = differences(result, self._call(index))
        if found or index in self._differences:
            self._differences[index] = found
        self._done += 1
        self._progress(self._done, max(self._done, self._total))

    def _methods(self, index: int) -> tuple[Method, ...]:
        """The methods beside the user's own, for a call."""
        call = self._call(index)
        key = f"{self._trace.structure_of(index)} {replace(call.configuration, number=0)!r}"
        if key not in self._wanted:
            wanted: Sequence[Method] = self._plan.methods
            if not wanted:
                own, known = call.method, not obstacle(call.method, trusted=self._plan.trusted)
                wanted = self._applicable(call) if known else (own,)
                if call.circuit.shots:
                    wanted = tuple(m for m in wanted if m.diff_method != "finite-diff")
            self._wanted[key] = shadows(call.configuration.method, wanted, call.circuit)
        return (*self._wanted[key], *self._compiled(index, key, call))

    def _applicable(self, call: Call) -> Sequence[Method]:
        """What may be asked of a call; nothing of one whose interface is not installed here, where there are calls of others as well.

        Raises
        ------
        MissingInterfaceError
            If there are none.
        """
        try:
            return self._evaluator.applicable(call.circuit, call.configuration)
        except MissingInterfaceError:
            own = call.configuration.interface
            if all(self._call(index).configuration.interface == own for index in self._trace.first_of_each_structure()):
                raise
            return ()

    def _compiled(self, index: int, key: str, call: Call) -> tuple[Method, ...]:
        """The user's own method as it ran, at the first of the calls that were compiled alike: compiling again costs too much."""
        compiled = call.method_as_it_ran
        if compiled == call.method or self._plan.methods or self._first_compiled.setdefault(key, index) != index:
            return ()
        return (compiled,)

    def _batched(self, index: int) -> Rows:
        """Positions of the parameters that carry a batch with more rows than are looked at one by one."""
        call = self._call(index)
        size = batch_size(call)
        key = (self._trace.structure_of(index), size)
        if size and key not in self._carriers:
            self._carriers[key] = batched_parameters(call, self._evaluator, trusted=self._plan.trusted)
        return self._carriers.get(key, ())

    def _expanded(self, circuit: Circuit) -> Optional[Circuit]:
        """A circuit as rules that take its numbers one by one see it; None where that is the circuit itself."""
        expansion: Optional[Circuit] = answer_of(
            self._evaluator.call(remote.rule_expansion, circuit, self._plan.trusted), None, "what a circuit is made of"
        )
        return expansion

    def _is_hopeless(self, index: int, method: Method) -> bool:
        key = (self._trace.structure_of(index), method)
        return key in self._late or (self._first[key[0]] != index and (key in self._refusing or self._lost[key] >= HOPELESS))

    def _has_time_for(self, method: Method, index: int) -> bool:
        """Whether a method is asked at a call: of a slow one as many calls as its time allows, set aside when it is asked."""
        if index in self._results and method in self._results[index].methods:
            return True
        return self._patience.has_time_for_slow(self._trace.structure_of(index), method, self._plan.length(len(self._trace)))

    def _wants_more(self, index: int) -> bool:
        tried, structure = self._results[index].methods, self._trace.structure_of(index)
        left = [m for m in self._methods(index) if m not in tried and not self._patience.is_slow(structure, m)]
        return any(not self._is_hopeless(index, m) for m in left)

    # --- looking closer ----------------------------------------------------------------------------------------------

    def _errors(self) -> Iterator[_Error]:
        for index in self._differences:
            for position, difference in enumerate(self._differences[index]):
                if difference.comparison.verdict is Verdict.ERROR:
                    yield index, position, difference

    def _flagged_calls(self) -> set[int]:
        first: dict[Key, int] = {}
        for index, _, difference in self._errors():
            first.setdefault(difference.key, index)
        return set(first.values())

    def _look_closer(self) -> None:
        """Confirm each kind of error at its first call of each structure; what is as plain at a later call needs no second look.

        Nor does what is as plain at other structures, once it was confirmed at `ENOUGH` of them; the worst is looked at all the same.
        """
        confirmed: dict[Key, float] = {}
        by_kind: dict[Key, list[float]] = {}
        left: dict[Key, list[_Error]] = {}
        for index, position, difference in list(self._errors()):
            kind = difference.key
            key = (self._trace.structure_of(index), *kind)
            if key in confirmed and excess(difference) >= PLAINLY * confirmed[key]:
                continue
            known = by_kind.setdefault(kind, [])
            if len(known) >= ENOUGH and excess(difference) >= PLAINLY * min(known):
                left.setdefault(kind, []).append((index, position, difference))
                continue
            looked = self._look_at(index, position, difference)
            if looked.comparison.verdict is Verdict.ERROR:
                known.append(confirmed.setdefault(key, excess(looked)))
        for errors in left.values():
            worst_first = sorted(errors, key=lambda error: -error[2].comparison.max_rel)
            next((error for error in worst_first if self._look_at(*error).comparison.verdict is Verdict.ERROR), None)

    def _look_at(self, index: int, position: int, difference: Difference) -> Difference:
        """A second look at an error; what it comes to stands in its place."""
        looked = self._look_again(index, difference)
        group = list(self._differences[index])
        group[position] = looked
        self._differences[index] = tuple(group)
        return looked

    def _look_again(self, index: int, difference: Difference) -> Difference:
        """A second look, at the part that was looked at where it shows the error, too: it costs what a part costs."""
        call, result = self._call(index), self._results[index]
        if result.recorded and result.late is not None:
            return doubt_difference(difference, f"{result.own.method} is not in time for a closer look at it")
        self._doing(call, result.methods)
        part = with_rows(call, self._batched(index), result.rows) if result.rows else call
        if result.tracked:
            part = with_tracked(part, result.tracked)
        if part is not call:
            looked = self._closer(difference, result, part)
            if looked.comparison.verdict is Verdict.ERROR:
                comparison = looked.comparison
                # what a closer look leaves as it was is called as in the whole batch already
                if result.rows and looked is not difference:
                    comparison = in_whole_batch(comparison, call.circuit, self._batched(index), result.rows)
                return replace(looked, comparison=comparison)
        return self._closer(difference, result, call)

    def _closer(self, difference: Difference, result: CallResult, call: Call) -> Difference:
        results: list[Difference] = []
        known = (*result.methods, *self._methods(call.index))
        replay_all(
            [(call.index, lambda: look_closer(difference, result, call, known, self._plan), lambda: True)],
            self._desk,
            1,
            lambda _, looked: results.append(looked),
        )
        return results[0]


def excess(difference: Difference) -> float:
    """How far beyond its bound a difference is, as a factor; infinite where there is no number."""
    comparison = difference.comparison
    return comparison.max_abs / comparison.bound if comparison.bound else float("inf")
