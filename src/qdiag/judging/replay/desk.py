"""Many calls at once: each is replayed by a generator that asks for evaluations, and nothing is evaluated twice."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar, Union

from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.evaluation import Evaluation, Request
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.keys import request_key

Answer = TypeVar("Answer")
Replaying = Generator[tuple[Request, ...], tuple[Evaluation, ...], Answer]
"""Replays something: yields what it asks for, is sent the evaluations, returns what they came to."""


class Desk:
    """Answers what is asked: from the store, from what is under way, or by a new evaluation, which is stored as soon as it is there.

    All in one thread, since the file of evaluations has one writer; what an evaluator remembers by itself is its own affair.
    """

    def __init__(self, evaluator: Evaluator, store: EvaluationStore) -> None:
        self._evaluator = evaluator
        self._store = store
        self._under_way: dict[str, Future[Evaluation]] = {}

    def ask(self, request: Request) -> Union[Evaluation, Future[Evaluation]]:
        """An evaluation, or the promise of one."""
        key = request_key(request)
        if key is None:
            return self._evaluator.submit(request).result()
        if key in self._under_way:
            return self._under_way[key]
        known = self._store.get(key)
        if known is not None:
            return known
        self._under_way[key] = future = self._evaluator.submit(request)
        if future.done():
            self.settle()
        return future

    def settle(self) -> None:
        """Store every evaluation that has arrived."""
        for key, future in list(self._under_way.items()):
            if future.done():
                del self._under_way[key]
                if not future.cancelled() and future.exception() is None:
                    self._store.put(key, future.result())

    def wait(self) -> None:
        """Sleep until something arrives, and store it."""
        wait(list(self._under_way.values()), return_when=FIRST_COMPLETED)
        self.settle()

    def abandon(self) -> None:
        """Store what has arrived and cancel the rest."""
        self.settle()
        for future in self._under_way.values():
            future.cancel()
        self._under_way.clear()


@dataclass(eq=False)
class _Case(Generic[Answer]):
    index: int
    judging: Replaying[Answer]
    asked: list[Union[Evaluation, Future[Evaluation]]] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return all(isinstance(item, Evaluation) or item.done() for item in self.asked)

    def evaluations(self) -> tuple[Evaluation, ...]:
        return tuple(item if isinstance(item, Evaluation) else item.result() for item in self.asked)


def replay_all(
    cases: Iterable[tuple[int, Callable[[], Replaying[Answer]], Callable[[], bool]]],
    desk: Desk,
    in_flight: int,
    done: Callable[[int, Answer], None],
) -> None:
    """Judge cases, several at a time.

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
    """
    waiting = iter(cases)
    following = next(waiting, None)
    active: list[_Case[Answer]] = []
    try:
        while following is not None or active:
            while following is not None and len(active) < in_flight and (following[2]() or not active):
                case = _Case(following[0], following[1]())
                if not _proceed(case, desk, done, ()):
                    active.append(case)
                following = next(waiting, None)
            finished = [case for case in active if case.ready and _proceed(case, desk, done, case.evaluations())]
            active = [case for case in active if case not in finished]
            if active and not any(case.ready for case in active):
                desk.wait()
    except BaseException:
        desk.abandon()
        raise


def _proceed(case: _Case[Answer], desk: Desk, done: Callable[[int, Answer], None], evaluations: tuple[Evaluation, ...]) -> bool:
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
