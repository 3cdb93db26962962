"""The replay of a trace: cheap methods at every call as it grows, expensive ones at a sample, then a closer look at what is flagged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Optional, Protocol

from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.judging.replay.call_result import CallResult
from qdiag.judging.replay.choice import Choice
from qdiag.judging.replay.closer_looks import CloserLooks, Doing
from qdiag.judging.replay.desk import Case, Desk, Replaying, replay_all
from qdiag.judging.replay.earliest import go_back
from qdiag.judging.replay.experience import Experience
from qdiag.judging.replay.located import Located
from qdiag.judging.replay.one_call import replay_call
from qdiag.judging.replay.plan import Kind, Plan, kinds_in, of_new_kinds, sampled_calls, spread_over
from qdiag.judging.replay.replayed import Replayed
from qdiag.model.call import Call
from qdiag.model.method import Method
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.keys import circuit_key

Progress = Callable[[int, int], None]
"""Told how many calls are done, and of how many."""

TURN = 0.5
"""Seconds after which `advance` leaves off, so that whoever asked can look after other things."""


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
        self._plan = plan
        self._deadline = deadline or Deadline(plan.budget)
        self._progress = progress or (lambda done, total: None)
        self._doing = doing or (lambda call, methods: None)
        self._call = lru_cache(maxsize=4 * plan.in_flight)(trace.call)
        self._desk = Desk(evaluator, store if store is not None else EvaluationStore())
        self._choice = Choice(evaluator, plan, lambda: [self._call(index) for index in trace.first_of_each_structure()])
        self._experience = Experience(plan.every)
        self._replayed = Replayed()
        self._looks = CloserLooks(self._replayed, self._call, trace.structure_of, self._choice, self._desk, plan, self._doing)
        self._put_off: list[Case[CallResult]] = []
        self._swept = 0
        self._done = 0
        self._total = 0

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
        while self._swept < ready and self._swept in self._replayed:
            self._swept += 1
        return self._swept < ready

    def finish(self) -> Located:
        """Replay what is left, the expensive methods at their sample of calls, and look closer at what seems to be an error."""
        self.finish_cheap_methods()
        length = self._swept
        flagged = self._replayed.flagged_calls()
        sample = sampled_calls(length, self._experience.first_calls, flagged, self._plan.every)
        wanting = [i for i in sample if i in self._replayed and self._wants_more(i)]
        firsts = [i for i in wanting if self._experience.first_call(self._trace.structure_of(i), i) == i]
        total = self._done + len(wanting)
        new = {*of_new_kinds(firsts, self._kinds), *flagged}
        self._sweep([i for i in firsts if i in new or self._plan.every is not None], total, cheap=False)
        others = [i for i in spread_over(firsts) if i not in new and self._wants_more(i)]
        self._sweep(others, total, cheap=False, going_on=self._has_time_for_dear_methods)
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
        self._looks.take()
        return self.known_so_far()

    def finish_cheap_methods(self) -> Located:
        """Replay what is left under the methods that cost little, and look closer at what seems to be an error: a first answer."""
        self._deadline.begin()
        self._sweep_left(None, spread=self._deadline.seconds is not None)
        self._swept = self._plan.length(len(self._trace))
        self._look_closer()
        return self.known_so_far()

    def _look_closer(self) -> None:
        """Confirm what seems to be an error, and look for the first call that shows it, for some time."""
        self._looks.take()
        if go_back(self._replayed, self._trace.structure_of, self._ask_as_well, lambda: self._deadline.passed):
            self._looks.take()

    def _ask_as_well(self, index: int, method: Method) -> float:
        """Replay a call under one more method; the processor time that this takes."""
        call, known = self._call(index), self._replayed.get(index)
        methods = [*(known.methods[1:] if known is not None else ()), method]
        self._doing(call, methods)
        structure = self._trace.structure_of(index)
        thorough = self._experience.first_call(structure, index) == index
        asked = replay_call(
            call, circuit_key(call.circuit), methods, self._plan, self._choice.parts(call, structure), thorough=thorough
        )
        replay_all([(index, lambda: asked, lambda: True)], self._desk, 1, self._take)
        return sum(side.evaluation.seconds for side in self._replayed[index].sides if side.method == method)

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
        patience = self._experience.patience
        known, spread = frozenset(firsts), spread or patience.knows_slow_methods or patience.is_short_of_time(length)
        rest = [index for index in (spread_over(left) if spread else left) if index not in known]
        return self._sweep(rest, length, cheap=True, paused=paused)

    def _not_begun(self, length: int) -> Sequence[int]:
        """Calls up to a length that are neither replayed nor being replayed."""
        under_way = {case.index for case in self._put_off}
        return [index for index in range(self._swept, length) if index not in self._replayed and index not in under_way]

    def _kinds(self, index: int) -> tuple[Method, frozenset[Kind]]:
        """What a call's methods meet, under its own method."""
        call = self._call(index)
        return call.method, kinds_in(call.circuit)

    def _most_wanted_first(self, wanting: Sequence[int], sample: Sequence[int]) -> Sequence[int]:
        """Calls at which expensive methods are wanted: those at which cheap ones differ, then others, spread over the run."""
        if self._plan.every is not None:
            return wanting
        around = {index + offset for index in self._replayed.flagged_calls() for offset in (-1, 0, 1)}
        return [*(i for i in wanting if i in around), *(i for i in spread_over(sample) if i in wanting and i not in around)]

    def _has_time_for_dear_methods(self, index: int, open_calls: int) -> bool:
        """Whether one more call is begun under expensive methods, while others are under way: by what they took so far."""
        return self._experience.patience.has_time_for_dear(
            self._trace.structure_of(index), self._plan.length(len(self._trace)), open_calls
        )

    def knows(self, index: int) -> bool:
        """Whether a call was replayed so far."""
        return index in self._replayed

    def known_so_far(self) -> Located:
        """What is known so far."""
        recorded = len(self._trace)
        return self._replayed.located(self._trace.call, recorded, self._plan.length(recorded), self._deadline)

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
            first = self._experience.first_call(structure, index)

            def start(index: int = index, structure: str = structure) -> Replaying[CallResult]:
                return self._begin(index, structure, cheap=cheap)

            def may_start(index: int = index, first: int = first) -> bool:
                # What a structure's first call teaches about refusals spares its other calls the attempt.
                return index == first or first in self._replayed

            yield index, start, may_start

    def _begin(self, index: int, structure: str, *, cheap: bool) -> Replaying[CallResult]:
        call, known = self._call(index), self._experience
        offered = [method for method in self._choice.methods(call, structure) if not (cheap and method.per_parameter)]
        wanted = [method for method in offered if not known.is_hopeless(structure, index, method)]
        methods = [method for method in wanted if self._has_time_for(method, index, structure)]
        self._doing(call, methods)
        key = circuit_key(call.circuit)
        thorough = known.is_first_circuit(structure, key)
        lessons = known.lessons(call, structure, methods, self._replayed.get(index), thorough=thorough)
        return replay_call(call, key, methods, self._plan, self._choice.parts(call, structure), thorough=thorough, lessons=lessons)

    def _take(self, index: int, result: CallResult) -> None:
        self._experience.learn(self._trace.structure_of(index), result)
        if self._replayed.take(result, self._call(index)):
            self._done += 1
            self._progress(self._done, max(self._done, self._total))

    def _has_time_for(self, method: Method, index: int, structure: str) -> bool:
        """Whether a method is asked at a call: of one that is not dear as many calls as its time allows, set aside when it is asked."""
        if index in self._replayed and method in self._replayed[index].methods:
            return True
        return self._experience.patience.has_time_for(structure, method, self._plan.length(len(self._trace)))

    def _wants_more(self, index: int) -> bool:
        tried, structure = self._replayed[index].methods, self._trace.structure_of(index)
        patience, offered = self._experience.patience, self._choice.methods(self._call(index), structure)
        left = [method for method in offered if method not in tried and not patience.is_slow(structure, method)]
        return any(not self._experience.is_hopeless(structure, index, method) for method in left)
