"""Many calls at once: each is replayed by a generator that asks for evaluations, and nothing is evaluated twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Generic, Optional, TypeVar, Union

from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.evaluation import Evaluation, Request
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.keys import request_key

Answer = TypeVar("Answer")
Replaying = Generator[tuple[Request, ...], tuple[Evaluation, ...], Answer]
"""Replays something: yields what it asks for, is sent the evaluations, returns what they came to."""


AHEAD = 4
"""So many evaluations a worker are handed out before they are done, where they are short: none waits for the next one then."""

SHORT = 0.1
"""Seconds up to which an evaluation is short. Of longer ones no more are handed out than there are workers, since what is handed out
cannot be taken back: whoever pauses has something to ask that is wanted at once."""

LATEST = 8
"""Evaluations are taken to be short where each of so many that came last was."""


@dataclass(eq=False)
class _Asked:
    """A question that was put, and its evaluation once it is handed out."""

    request: Request
    promise: Future[Evaluation] = field(default_factory=Future)
    evaluation: Optional[Future[Evaluation]] = None


class Desk:
    """Answers what is asked: from the store, from what is under way, or by a new evaluation, which is stored as soon as it is there.

    All in one thread, since the file of evaluations has one writer; what an evaluator remembers by itself is its own affair.
    """

    def __init__(self, evaluator: Evaluator, store: EvaluationStore) -> None:
        self._evaluator = evaluator
        self._store = store
        self._asked: dict[str, _Asked] = {}
        self._held: frozenset[str] = frozenset()
        self._spared = 0
        self._latest: deque[float] = deque([SHORT + 1.0], maxlen=LATEST)

    def ask(self, request: Request) -> Union[Evaluation, Future[Evaluation]]:
        """An evaluation, or the promise of one."""
        key = request_key(request)
        if key is None:
            return self._evaluator.submit(request).result()
        if key in self._asked:
            self._held -= {key}
            self._hand_out()
            return self._asked[key].promise
        known = self._store.get(key)
        if known is not None:
            return known
        self._asked[key] = asked = _Asked(request)
        self._hand_out()
        if asked.evaluation is not None and asked.evaluation.done():
            self.settle()
        return asked.promise

    def settle(self) -> None:
        """Store every evaluation that has arrived, and hand out what waits for its turn."""
        for key, asked in list(self._asked.items()):
            if asked.evaluation is not None and asked.evaluation.done():
                del self._asked[key]
                self._keep(key, asked.promise, asked.evaluation)
        self._hand_out()

    def _keep(self, key: str, promise: Future[Evaluation], evaluation: Future[Evaluation]) -> None:
        if evaluation.cancelled():
            promise.cancel()
        elif evaluation.exception() is not None:
            promise.set_exception(evaluation.exception())
        else:
            self._store.put(key, evaluation.result())
            self._latest.append(evaluation.result().seconds)
            promise.set_result(evaluation.result())

    def _hand_out(self) -> None:
        waiting = [asked for key, asked in self._asked.items() if asked.evaluation is None and key not in self._held]
        if not waiting:
            return
        count, under_way = self._evaluator.count, sum(1 for asked in self._asked.values() if asked.evaluation is not None)
        most = AHEAD * count if max(self._latest) <= SHORT else max(1, count - self._spared)
        for asked in waiting[: max(0, most - under_way)]:
            asked.evaluation = self._evaluator.submit(asked.request)

    def wait(self, seconds: float) -> None:
        """Sleep until something arrives, or for so long, and store it."""
        under_way = [asked.evaluation for asked in self._asked.values() if asked.evaluation is not None]
        wait(under_way, seconds, return_when=FIRST_COMPLETED)
        self.settle()

    def hold(self) -> None:
        """Hand out nothing of what was asked so far, until it is let go or asked again: something else is wanted before it."""
        self._held = frozenset(key for key, asked in self._asked.items() if asked.evaluation is None)
        self._spared = 0

    def let_go(self, *, sparing: bool = False) -> None:
        """Hand out what was held.

        Parameters
        ----------
        sparing
            Whether one worker is left free of evaluations that are long, since something else may be wanted soon.
        """
        self._held, self._spared = frozenset(), int(sparing)

    def abandon(self) -> None:
        """Store what has arrived and cancel the rest."""
        self.hold()
        self.settle()
        for asked in self._asked.values():
            if asked.evaluation is not None:
                asked.evaluation.cancel()
        self._asked.clear()


LOOK = 0.05
"""Seconds between looks at whether to leave off."""


@dataclass(eq=False)
class Case(Generic[Answer]):
    """A call that is being replayed, and what it waits for."""

    index: int
    judging: Replaying[Answer]
    asked: list[Union[Evaluation, Future[Evaluation]]] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """Whether everything that it waits for is there."""
        return all(isinstance(item, Evaluation) or item.done() for item in self.asked)

    def evaluations(self) -> tuple[Evaluation, ...]:
        """What it has waited for."""
        return tuple(item if isinstance(item, Evaluation) else item.result() for item in self.asked)


def replay_all(
    cases: Iterable[tuple[int, Callable[[], Replaying[Answer]], Callable[[], bool]]],
    desk: Desk,
    in_flight: int,
    done: Callable[[int, Answer], None],
    paused: Callable[[], bool] = lambda: False,
    put_off: Optional[list[Case[Answer]]] = None,
) -> bool:
    """Judge cases, several at a time; whether all of them came to their end.

    Parameters
    ----------
    cases
        For each an index, what starts it, and whether it may start yet; they start in order.
    desk
        Where their questions are answered.
    in_flight
        How many are under way at most.
    done
        Called with each result as it comes.
    paused
        Whether to leave off now, although cases are under way.
    put_off
        Cases that were under way when it was left off before; those that are now are put there.
    """
    waiting = iter(cases)
    following = next(waiting, None)
    active, put_off = list(put_off or ()), [] if put_off is None else put_off
    put_off.clear()
    try:
        while following is not None or active:
            if paused():
                put_off += active
                return False
            while following is not None and len(active) < in_flight and (following[2]() or not active) and not paused():
                case = Case(following[0], following[1]())
                if not _proceed(case, desk, done, ()):
                    active.append(case)
                following = next(waiting, None)
            desk.settle()
            finished = [case for case in active if case.ready and _proceed(case, desk, done, case.evaluations())]
            active = [case for case in active if case not in finished]
            if active and not any(case.ready for case in active):
                desk.wait(LOOK)
    except BaseException:
        desk.abandon()
        raise
    return True


def _proceed(case: Case[Answer], desk: Desk, done: Callable[[int, Answer], None], evaluations: tuple[Evaluation, ...]) -> bool:
    """Send a case what it asked for, and again as long as the answers are known already; returns whether it has come to its end."""
    try:
        requests = case.judging.send(evaluations) if evaluations or case.asked else next(case.judging)
        while True:
            case.asked = [desk.ask(request) for request in requests]
            if not case.ready:
                return False
            requests = case.judging.send(case.evaluations())
    except StopIteration as stop:
        done(case.index, stop.value)
        return True
