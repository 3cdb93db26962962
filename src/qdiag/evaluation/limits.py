"""What bounds the work: a deadline for all of it, and processor time for one evaluation.

A deadline begins when the script has ended: what is replayed beside the script costs nobody's time. One evaluation is limited by the
processor time that it takes, so that a busy machine fails nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Optional

from qdiag.bridges.processor_time import OutOfTime, processor_time
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.call import Configuration, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method

SECONDS = 60.0
"""Processor time for one evaluation."""


SOON = 0.5
"""Seconds for which an answer is waited for that costs nothing, where the time is over."""


def evaluate_within(function: Callable[[Request], Evaluation], request: Request, seconds: float) -> Evaluation:
    """Evaluate a request; an evaluation that failed by ``timeout`` where it takes more processor time."""
    try:
        with processor_time(seconds):
            return function(request)
    except OutOfTime:
        return late_evaluation(request, seconds, f"the evaluation took longer than {seconds:g} s")


def late_evaluation(request: Request, seconds: float, words: str) -> Evaluation:
    """The evaluation of a request that there was no time for."""
    return Evaluation(request.method, seconds=seconds, failure=Failure("TimeoutError", words, stage="timeout"))


class Deadline:
    """When all must have ended: so many seconds after it began, or never.

    Parameters
    ----------
    seconds
        None for no deadline.
    kept
        The part of the seconds that is kept for what must be done when nothing is begun any more: sentences, reports.
    """

    def __init__(self, seconds: Optional[float] = None, kept: float = 0.0) -> None:
        self.seconds = seconds
        self._kept = kept
        self._at: Optional[float] = None

    def begin(self) -> None:
        """From now on; a second time changes nothing."""
        if self.seconds is not None and self._at is None:
            self._at = time.monotonic() + (1 - self._kept) * self.seconds

    @property
    def begun(self) -> bool:
        """Whether there is one, and it has begun."""
        return self._at is not None

    @property
    def left(self) -> float:
        """Seconds left; endless before it began."""
        return math.inf if self._at is None else max(0.0, self._at - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether nothing is to be begun any more."""
        return self.left <= 0


class Bounded:
    """An evaluator that answers in time: nobody waits for what is under way at the deadline, and what is asked after it is not begun.

    Parameters
    ----------
    evaluator
        Who evaluates.
    deadline
        When all must have ended.
    """

    def __init__(self, evaluator: Evaluator, deadline: Deadline) -> None:
        self._evaluator, self._deadline = evaluator, deadline
        self._lock = threading.Lock()
        self._open: dict[Future[Any], Optional[Request]] = {}
        self._timer: Optional[threading.Timer] = None

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def begin(self) -> None:
        """The deadline begins."""
        self._deadline.begin()
        if self._timer is None and math.isfinite(self._deadline.left):
            self._timer = threading.Timer(self._deadline.left, self._end)
            self._timer.daemon = True
            self._timer.start()

    @property
    def count(self) -> int:
        """How many evaluations go on side by side."""
        return self._evaluator.count

    def submit(self, request: Request) -> Future[Evaluation]:
        """Start one evaluation, unless the time is over."""
        return self._follow(None if self._deadline.passed else self._evaluator.submit(request), request)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a function, unless the time is over: then its exception is a `TimeoutError`."""
        return self._follow(None if self._deadline.passed else self._evaluator.call(function, *arguments), None)

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """The deterministic methods of a device; none where they are not known soon after the deadline: a worker may be starting."""
        answer: Future[tuple[Method, ...]] = Future()
        asking = threading.Thread(target=self._ask_applicable, args=(answer, circuit, configuration), daemon=True)
        asking.start()
        left = self._deadline.left
        try:
            return answer.result(max(left, SOON) if math.isfinite(left) else None)
        except TimeoutError:
            return ()

    def _ask_applicable(self, answer: Future[tuple[Method, ...]], circuit: Circuit, configuration: Configuration) -> None:
        try:
            answer.set_result(self._evaluator.applicable(circuit, configuration))
        except BaseException as error:
            answer.set_exception(error)

    def _follow(self, inner: Optional[Future[Any]], request: Optional[Request]) -> Future[Any]:
        if inner is not None and inner.done():
            return inner
        outer: Future[Any] = Future()
        if inner is None:
            self._give_up(outer, request)
            return outer
        with self._lock:
            self._open[outer] = request
        inner.add_done_callback(lambda done: self._hand_on(outer, done))
        return outer

    def _hand_on(self, outer: Future[Any], done: Future[Any]) -> None:
        with self._lock:
            if outer not in self._open:
                return
            del self._open[outer]
        if done.cancelled():
            outer.cancel()
            return
        error = done.exception()
        if error is not None:
            outer.set_exception(error)
        else:
            outer.set_result(done.result())

    def _end(self) -> None:
        with self._lock:
            unfinished, self._open = self._open, {}
        # none is cancelled: a pool would begin other processes in place of those that it ends, and nothing is asked of it any more
        for outer, request in unfinished.items():
            self._give_up(outer, request)

    def _give_up(self, outer: Future[Any], request: Optional[Request]) -> None:
        words = f"the budget of {self._deadline.seconds or 0:g} s was spent"
        if request is None:
            outer.set_exception(TimeoutError(words))
        else:
            outer.set_result(late_evaluation(request, 0.0, words))
