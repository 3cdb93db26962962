"""The one engine: passes to a common fixed point, the best so far always at hand.

Passes propose changes, a strategy decides which sets of them to ask for, the oracle answers, and whatever is interesting and
smaller by `order.key` becomes the best. The decisions are made one after the other; more workers only look ahead, so the
result does not depend on how many there are.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from typing import Optional

from qdiag.errors import NotReproducedError
from qdiag.model.circuit import Circuit
from qdiag.model.variants import without_operations
from qdiag.proving.minimizing.changes import NO_EDITS, Changes, Pass, PennyLaneEdits
from qdiag.proving.minimizing.deletion import Items, Strategy, thin_out
from qdiag.proving.minimizing.lookahead import likely
from qdiag.proving.minimizing.oracle import Interesting, Oracle
from qdiag.proving.minimizing.order import Key, key
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.suspects import neighbourhoods

ANY_SIZE: Key = ((sys.maxsize,),)
"""A key above all others."""


@dataclass(frozen=True)
class Step:
    """What one pass brought: the best's operations and calls after it."""

    name: str
    operations: int
    calls: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Minimized:
    """The smallest circuit that was found, and what it took.

    Parameters
    ----------
    circuit
        Interesting, and not larger than the start.
    one_minimal
        Whether the search ran to its end, so that no single change of any pass leaves it interesting.
    stopped
        Why it did not: ``budget`` · ``interrupted`` · ``workers lost``, or "".
    calls, failures
        Answers needed, and those of them whose candidate could not be built or evaluated.
    seconds, failed_seconds
        Wall time of the search, and of the failures.
    slips
        How often the search had wandered to another cause and was taken back.
    steps
        What each pass brought, in order.
    """

    circuit: Circuit
    one_minimal: bool
    stopped: str
    calls: int
    failures: int
    seconds: float
    failed_seconds: float
    slips: int
    steps: tuple[Step, ...]


class _Stop(Exception):
    """The search ends here; its text says why."""


@dataclass(frozen=True, eq=False)
class Terms:
    """On which terms a search runs.

    Parameters
    ----------
    passes
        In which order to try what.
    workshop
        What only PennyLane can do.
    budget
        Seconds after which to stop with the best so far.
    same_cause
        Confirms the cause again: asked after each pass that made progress. Where it does not hold, the search goes back to
        the last circuit for which it did, and from then on asks before it accepts anything. A cause that does not hold for the
        start says nothing, and is not asked again.
    accepted
        Handed each new best, the start first, so that it can be kept safe.
    asked
        Told before each candidate how many were asked for, and how many operations are left.
    suspects
        Positions of the operations of the start that the difference may sit in: asked for once it is known to be interesting.
    """

    passes: Sequence[Pass] = PASSES
    workshop: PennyLaneEdits = NO_EDITS
    budget: Optional[float] = None
    same_cause: Optional[Interesting] = None
    accepted: Callable[[Circuit], None] = lambda circuit: None
    asked: Callable[[int, int], None] = lambda calls, operations: None
    suspects: Callable[[], Collection[int]] = tuple


USUAL = Terms()


def minimize(start: Circuit, oracle: Oracle, terms: Terms = USUAL) -> Minimized:
    """Find the smallest circuit that is still interesting.

    Parameters
    ----------
    start
        An interesting circuit.
    oracle
        Says what is interesting.
    terms
        On which terms to search.

    Raises
    ------
    NotReproducedError
        If the start is not interesting.
    """
    search = _Search(start, oracle, terms)
    stopped = ""
    try:
        search.verify()
        search.look_at_suspects()
        search.run(terms.passes)
    except _Stop as stop:
        stopped = str(stop)
    except KeyboardInterrupt:
        stopped = "interrupted"
    except BrokenExecutor:
        stopped = "workers lost"
    return search.result(stopped)


class _Search:
    """The state of one search: the best, how it got there, and which of it has been confirmed."""

    def __init__(self, start: Circuit, oracle: Oracle, terms: Terms) -> None:
        self.oracle, self.terms = oracle, terms
        self.same_cause = Oracle(terms.same_cause) if terms.same_cause is not None else None
        self.begun = time.perf_counter()
        self.best, self.best_key = start, key(start)
        self.since_confirmed = [start]
        self.strict = False
        self.slips = 0
        self.steps: list[Step] = []

    # --- the loop ---

    def verify(self) -> None:
        if not self.oracle.ask(self.best):
            raise NotReproducedError(
                "the circuit does not show the difference when it is evaluated by itself",
                "the cause lies outside the circuit, or depends on the process: use the call as it was recorded",
            )
        if self.same_cause is not None and not self.same_cause.ask(self.best):
            self.same_cause = None
        self.terms.accepted(self.best)

    def look_at_suspects(self) -> None:
        """Keep what stands around the suspects alone, where that is interesting for the same cause."""
        whole, strict = self.best, self.strict
        self.strict = True
        for kept in neighbourhoods(whole, self.terms.suspects()):
            if self.consider(without_operations(whole, [i for i in range(len(whole.operations)) if i not in kept]), floor=None):
                self.since_confirmed = [self.best]
                break
        self.strict = strict

    def run(self, passes: Sequence[Pass]) -> None:
        """All passes, again and again, until each has left the best as it is, or has ended in a sweep that proves that it would."""
        settled: dict[str, Circuit] = {}
        while any(settled.get(entry.name) is not self.best for entry in passes):
            for entry in passes:
                if settled.get(entry.name) is self.best:
                    continue
                before, slips = self.best, self.slips
                self.make(entry)
                self.confirm()
                self.steps.append(Step(entry.name, len(self.best.operations), self.oracle.calls, self.seconds))
                proven = entry.strategy is thin_out and not entry.enlarges
                if slips == self.slips and (proven or self.best is before):
                    settled[entry.name] = self.best

    def make(self, entry: Pass) -> None:
        """One pass on the best circuit."""
        if entry.enlarges:
            self.enlarge(entry)
        else:
            self.decide(entry.strategy, entry.propose(self.best, self.terms.workshop), floor=None)

    def enlarge(self, entry: Pass) -> None:
        """Each change alone makes the circuit larger: where it stays interesting, delete from it, and keep what ends up smaller."""
        item = 0
        while True:
            changes, before = entry.propose(self.best, self.terms.workshop), self.best_key
            if item >= changes.count:
                return
            larger = changes.circuit_with(frozenset({item}))
            if self.consider(larger, floor=ANY_SIZE) and larger is not None:
                self.decide(entry.strategy, Changes.deleting_operations(larger), floor=key(larger))
            if self.best_key == before:
                item += 1

    # --- decisions ---

    def decide(self, strategy: Strategy, changes: Changes, floor: Optional[Key]) -> Items:
        """Let a strategy find which changes to make together; whatever improves on the best is adopted on the way."""
        plan, answers = strategy(changes.count), [False] * 0
        try:
            question = next(plan)
            while True:
                self.look_ahead(strategy, changes, answers)
                answers.append(self.consider(changes.circuit_with(question), floor))
                question = plan.send(answers[-1])
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def consider(self, candidate: Optional[Circuit], floor: Optional[Key]) -> bool:
        """Whether a candidate is interesting; it becomes the best where it is smaller.

        Parameters
        ----------
        candidate
            None for one that cannot be built.
        floor
            Candidates below this key are asked for even where they would not improve on the best.
        """
        if self.terms.budget is not None and self.seconds > self.terms.budget:
            raise _Stop("budget")
        if candidate is None:
            return False
        size = key(candidate)
        if size >= (floor or self.best_key):
            # what leaves a circuit as it was counts as done, so that it does not spoil a group
            return self.oracle.known_answer(candidate) is True and size == self.best_key
        self.terms.asked(self.oracle.calls, len(self.best.operations))
        if not self.oracle.ask(candidate):
            return False
        if size < self.best_key:
            if self.strict and not self.holds(candidate):
                return False
            self.adopt(candidate, size)
        return True

    def adopt(self, candidate: Circuit, size: Key) -> None:
        self.best, self.best_key = candidate, size
        self.since_confirmed.append(candidate)
        self.terms.accepted(candidate)

    # --- looking ahead ---

    def look_ahead(self, strategy: Strategy, changes: Changes, answers: list[bool]) -> None:
        """Start the questions that are likeliest to come next, found by replaying the strategy with guessed answers."""
        if self.oracle.width < 2:
            return
        ahead = (changes.circuit_with(question) for question in likely(strategy, changes.count, answers))
        candidates = [candidate for _, candidate in zip(range(self.oracle.width - 1), (c for c in ahead if c is not None))]
        self.oracle.prepare([c for c in candidates if key(c) < self.best_key])

    # --- the same cause ---

    def holds(self, circuit: Circuit) -> bool:
        return self.same_cause is None or self.same_cause.ask(circuit)

    def confirm(self) -> None:
        """Where the best has another cause than the start, go back to the last one that has not."""
        unconfirmed = len(self.since_confirmed) > 1
        if not unconfirmed or self.holds(self.best):
            self.since_confirmed = [self.best]
            return
        self.slips += 1
        self.strict = True
        low, high = 0, len(self.since_confirmed) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.holds(self.since_confirmed[middle]):
                low = middle
            else:
                high = middle
        self.best = self.since_confirmed[low]
        self.best_key = key(self.best)
        self.since_confirmed = [self.best]
        self.terms.accepted(self.best)

    # --- what came of it ---

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.begun

    def result(self, stopped: str) -> Minimized:
        if stopped and self.same_cause is not None and len(self.since_confirmed) > 1:
            # the cause of these was never confirmed
            self.best = self.since_confirmed[0]
            self.terms.accepted(self.best)
        oracle = self.oracle
        return Minimized(
            circuit=self.best,
            one_minimal=not stopped,
            stopped=stopped,
            calls=oracle.calls,
            failures=oracle.failures,
            seconds=self.seconds,
            failed_seconds=oracle.failed_seconds,
            slips=self.slips,
            steps=tuple(self.steps),
        )
