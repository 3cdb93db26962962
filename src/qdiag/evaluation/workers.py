"""Warm processes that evaluate: one thread each, a time limit for each task, and a lost or hanging one is a failed evaluation."""

from __future__ import annotations

import atexit
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing import forkserver
from types import TracebackType
from typing import Any, Optional

from pebble import ProcessExpired, ProcessPool

from qdiag.evaluation import worker_process
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.framework_fork import ADDRESS, FrameworkFork
from qdiag.evaluation.free_memory import free_memory
from qdiag.evaluation.limits import SECONDS, evaluate_within, late_evaluation
from qdiag.evaluation.memory import Memory
from qdiag.evaluation.remote import applicable
from qdiag.model.call import LOST, Configuration, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.trace.keys import request_key

MEMORY_OF_WORKER = 600 << 20
"""PennyLane and torch take 360 MB; the rest is room for a state."""

WALL = 4.0
"""An evaluation may take this many times its processor time by the clock: on a busy machine it waits, and one that hangs ends."""

EVALUATIONS_OF_CALL = 5
"""A function that is called may take this many times the limit of one evaluation, by the clock."""

def most_workers() -> int:
    """How many workers this machine bears: one for each core that we may use, as far as the free memory goes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(free_memory() // MEMORY_OF_WORKER)))


def load_frameworks() -> None:
    """Begin to load PennyLane and torch in a server that workers can be forked from; returns at once.

    Only for a process that is all ours: the server is the one that multiprocessing keeps for the whole process. It ends with it.
    """
    if sys.platform != "linux":
        return
    forkserver.set_forkserver_preload(["qdiag.evaluation.preload"])
    try:
        with suppress(OSError):
            if not _OFFERED:
                fork = FrameworkFork()
                _OFFERED.append(fork)
                os.environ[ADDRESS] = fork.address
        forkserver.ensure_running()
    finally:
        os.environ.pop(ADDRESS, None)
    atexit.register(partial(_end_server, os.getpid()))


_OFFERED: list[Optional[FrameworkFork]] = []
"""The fork that the server makes before it loads what is ours; None once it was taken."""


def take_fork() -> Optional[FrameworkFork]:
    """A process that has the frameworks and nothing of ours, where a server has been started and nobody else has taken it."""
    fork = _OFFERED[0] if _OFFERED else None
    _OFFERED[:] = [None] * len(_OFFERED)
    return fork


def _end_server(owner: int) -> None:
    """End the server with us: while it still loads, it would hold our streams, and whoever reads them, for seconds."""
    server: Optional[int] = getattr(forkserver._forkserver, "_forkserver_pid", None)
    if server is not None and os.getpid() == owner:
        with suppress(OSError):  # it has ended before
            os.kill(server, signal.SIGTERM)


PATIENCE = 1.0
"""Seconds for which processes are waited for that are told to end."""


class _Relay(Future[Any]):
    """A future of ours that follows one of the pool's; to cancel it cancels the task."""

    def __init__(self, task: Future[Any]) -> None:
        super().__init__()
        self._task = task

    def cancel(self) -> bool:
        """Cancel the task, also where it is running."""
        self._task.cancel()
        return super().cancel()


class Workers:
    """A pool of processes that evaluate. Use it as a context manager, from a program whose main module can be imported again.

    Parameters
    ----------
    count
        How many; None for as many as the machine bears.
    timeout
        Processor time for each evaluation, in seconds.
    function
        What evaluates a request.
    warm
        Whether processes load PennyLane and torch when they start.
    forked
        Whether they come from the server of `load_frameworks`, which has loaded both: only in a process that is all ours.
    beside
        The folder of the user's own script, whose modules they may import; "" for none.
    """

    def __init__(
        self,
        count: Optional[int] = None,
        timeout: float = SECONDS,
        function: Callable[[Request], Evaluation] = evaluate,
        warm: bool = True,
        forked: bool = False,
        beside: str = "",
    ) -> None:
        self.count = most_workers() if count is None else max(1, count)
        self.timeout = timeout
        self._function = function
        self._memory = Memory()
        self._prepared, self._ended, self._renewing = (warm, beside), False, threading.Lock()
        if forked:
            load_frameworks()
        # fork is not safe on macOS, whose own frameworks start threads
        self._start = "forkserver" if forked and sys.platform == "linux" else "spawn"
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context(self._start)
        return ProcessPool(max_workers=self.count, initializer=worker_process.prepare, initargs=self._prepared, context=context)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self._ended = True
        _end_in_background(self._pool).join(PATIENCE)

    def _schedule(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Future[Any]:
        """Hand a task to the pool; a new pool where it has given up, as when the system kills a process that had nothing to do."""
        pool = self._pool
        try:
            return pool.schedule(function, args=arguments, timeout=seconds)
        except RuntimeError:
            with self._renewing:
                if self._ended:
                    raise
                if self._pool is pool:
                    _end_in_background(pool)
                    self._pool = self._new_pool()
            return self._pool.schedule(function, args=arguments, timeout=seconds)

    def submit(self, request: Request) -> Future[Evaluation]:
        """Start an evaluation, unless the same request was answered before.

        Returns
        -------
        Future
            It never holds an exception: a lost process or an evaluation over its time is an `Evaluation` that failed, with
            the stage ``worker`` or ``timeout``.
        """
        key = request_key(request)
        known = self._memory.get(key)
        if known is not None:
            return _finished_future(known)
        task = self._schedule(evaluate_within, (self._function, request, self.timeout), WALL * self.timeout)
        relay = _Relay(task)

        def finish(done: Future[Any]) -> None:
            if done.cancelled() or not relay.set_running_or_notify_cancel():
                relay.cancel()
                return
            evaluation = _evaluation_of(done, request, self.timeout)
            self._memory.keep(key, evaluation)
            relay.set_result(evaluation)

        task.add_done_callback(finish)
        return relay

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a module-level function where PennyLane and torch are loaded; its exception is the future's.

        It may take as long as several evaluations.
        """
        return self._schedule(function, arguments, EVALUATIONS_OF_CALL * self.timeout)

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """What ``--methods auto`` stands for (see `applicable`)."""
        found: tuple[Method, ...] = self.call(applicable, circuit, configuration).result()
        return found


def _end_in_background(pool: ProcessPool) -> threading.Thread:
    """On a busy machine a process that is still starting is not to be waited for: it ends with this one."""

    def end() -> None:
        # whoever starts the pool holds its lock until its processes are there: to stop it may take as long as to wait for them
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()

    ending = threading.Thread(target=end, daemon=True)
    ending.start()
    return ending


class Inline:
    """Evaluates in this process, at once: for tests, and where the frameworks are loaded anyway.

    Parameters
    ----------
    function
        What evaluates a request.
    timeout
        Processor time for each evaluation, in seconds; in the main thread only.
    """

    count = 1

    def __init__(self, function: Callable[[Request], Evaluation] = evaluate, timeout: float = math.inf) -> None:
        self._function, self._timeout = function, timeout
        self._memory = Memory()

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        """There is nothing to stop."""

    def submit(self, request: Request) -> Future[Evaluation]:
        """Make an evaluation, unless the same request was answered before."""
        key = request_key(request)
        evaluation = self._memory.get(key)
        if evaluation is None:
            evaluation = evaluate_within(self._function, request, self._timeout)
            self._memory.keep(key, evaluation)
        return _finished_future(evaluation)

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function; its exception is the future's."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """What ``--methods auto`` stands for (see `applicable`)."""
        return applicable(circuit, configuration)


def _finished_future(evaluation: Evaluation) -> Future[Evaluation]:
    future: Future[Evaluation] = Future()
    future.set_result(evaluation)
    return future


def _evaluation_of(done: Future[Any], request: Request, limit: float) -> Evaluation:
    error = done.exception()
    if error is None:
        evaluation: Evaluation = done.result()
        return evaluation
    failed = Evaluation(request.method)
    if isinstance(error, ProcessExpired):
        lost = Failure(LOST, f"the process that evaluated it was lost (exit code {error.exitcode})", stage="worker")
        return replace(failed, failure=lost)
    if isinstance(error, TimeoutError) or type(error).__name__ == "TimeoutError":
        return late_evaluation(request, limit, f"the evaluation took longer than {WALL * limit:g} s by the clock")
    return replace(failed, failure=Failure(type(error).__name__, str(error), stage="worker"))
