"""What bounds the work: processor time for one evaluation, a deadline for all, and workers that end with whoever asks them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest

from qdiag.evaluation.limits import Bounded, Deadline, evaluate_within
from qdiag.evaluation.workers import Inline
from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import BACKPROP
from tests.worlds.scripted import call, circuit

REQUEST = Request(circuit(0.3), BACKPROP)


def answer(request: Request) -> Evaluation:
    return Evaluation(request.method)


def compute_for_ever(request: Request) -> Evaluation:
    with suppress(Exception):
        while True:
            pass
    raise AssertionError("never")


# --- processor time -----------------------------------------------------------------------------------------------------------


def test_an_evaluation_that_computes_for_longer_fails_by_time_and_no_handler_on_the_way_keeps_it() -> None:
    evaluation = evaluate_within(compute_for_ever, REQUEST, 0.05)
    assert evaluation.failure is not None
    assert (evaluation.failure.stage, evaluation.failure.passing, evaluation.seconds) == ("timeout", True, 0.05)


def test_an_evaluation_that_waits_for_others_is_not_late() -> None:
    def wait(request: Request) -> Evaluation:
        time.sleep(0.1)
        return answer(request)

    assert evaluate_within(wait, REQUEST, 0.05).failure is None


def test_in_another_thread_there_is_no_limit() -> None:
    found: list[Evaluation] = []
    thread = threading.Thread(target=lambda: found.append(evaluate_within(answer, REQUEST, 0.001)))
    thread.start()
    thread.join()
    assert found[0].failure is None


def test_what_is_evaluated_here_has_the_same_limit() -> None:
    failure = Inline(compute_for_ever, timeout=0.05).submit(REQUEST).result().failure
    assert failure is not None
    assert failure.stage == "timeout"


# --- the deadline -------------------------------------------------------------------------------------------------------------


def test_without_a_budget_there_is_no_end() -> None:
    deadline = Deadline()
    deadline.begin()
    assert (deadline.left, deadline.passed) == (math.inf, False)


def test_a_deadline_counts_from_when_it_began() -> None:
    deadline = Deadline(0.0)
    assert not deadline.passed
    deadline.begin()
    assert deadline.passed


class Hanging(FakeEvaluator):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.given: list[Future[Any]] = []

    def submit(self, request: Request) -> Future[Evaluation]:
        self.given.append(Future())
        return self.given[-1]

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self.given.append(Future())
        return self.given[-1]


def bounded(inner: FakeEvaluator, seconds: float) -> Bounded:
    return Bounded(inner, Deadline(seconds))


def test_nobody_waits_for_what_is_under_way_at_the_deadline() -> None:
    inner = Hanging()
    with bounded(inner, 0.05) as evaluator:
        asked, called = evaluator.submit(REQUEST), evaluator.call(abs, 1)
        evaluator.begin()
        failure = asked.result(5).failure
        with pytest.raises(TimeoutError, match="budget"):
            called.result(5)
    assert failure is not None
    assert (failure.stage, "budget" in failure.message) == ("timeout", True)
    inner.given[0].set_result(answer(REQUEST))
    assert asked.result(0).failure is failure


def test_what_is_asked_after_the_deadline_is_not_begun() -> None:
    inner = Hanging()
    evaluator = bounded(inner, 0.0)
    evaluator.begin()
    failure = evaluator.submit(REQUEST).result(0).failure
    assert failure is not None
    assert (failure.stage, inner.given) == ("timeout", [])
    with pytest.raises(TimeoutError):
        evaluator.call(abs, 1).result(0)


def test_before_the_deadline_answers_and_exceptions_are_handed_on() -> None:
    inner = Hanging()
    with bounded(inner, 60.0) as evaluator:
        evaluator.begin()
        asked, called = evaluator.submit(REQUEST), evaluator.call(abs, 1)
        inner.given[0].set_result(answer(REQUEST))
        inner.given[1].set_exception(ValueError("no"))
        assert asked.result(1).failure is None
        with pytest.raises(ValueError, match="no"):
            called.result(1)


class Starting(FakeEvaluator):
    """Knows its methods when it has started."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.methods = (Method("default.qubit", "adjoint"),)

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        time.sleep(self.seconds)
        return super().applicable(circuit, configuration)


@pytest.mark.parametrize(("seconds", "known"), [(0.0, 1), (20.0, 0)])
def test_nobody_waits_for_a_worker_that_is_still_starting_at_the_deadline(seconds: float, known: int) -> None:
    begun = time.monotonic()
    with bounded(Starting(seconds), 0.1) as evaluator:
        evaluator.begin()
        assert len(evaluator.applicable(REQUEST.circuit, call(0, circuit(0.3)).configuration)) == known
    assert time.monotonic() - begun < 10


# --- whoever asks has ended ---------------------------------------------------------------------------------------------------

ORPHANS = """
import os, sys, time
from qdiag.evaluation.workers import Workers

def busy(seconds):
    end = time.time() + seconds
    while time.time() < end:
        pass

def number():
    return os.getpid()

if __name__ == "__main__":
    with Workers(1, warm=False) as workers:
        print(workers.call(number).result(), flush=True)
        workers.call(busy, 60)
        time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_worker_ends_with_its_parent_however_that_ended(tmp_path: Any) -> None:
    script = tmp_path / "asks.py"
    script.write_text(ORPHANS)
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.wait()
    process.stdout.close()
    until = time.monotonic() + 10
    while _exists(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _exists(worker)


def _exists(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            # a zombie waits for whoever adopted it
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        os.kill(process, 0)
        return True


def test_a_part_of_the_time_is_kept_for_the_end() -> None:
    deadline = Deadline(100.0, kept=0.1)
    assert not deadline.begun
    deadline.begin()
    assert deadline.begun
    assert 89 < deadline.left <= 90
