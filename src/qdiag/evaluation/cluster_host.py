"""What runs inside a Dask worker: warm processes of our own, so that limits hold there as they do here, and no circuit ends the worker.

Dask schedules, carries and repeats; what evaluates is the same pool as on one machine. The plug-in comes to every worker, also to one
that joins later or is started again. A worker with another stack offers nothing, so that the scheduler never gives it work of ours.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Optional, Union

from distributed import Worker, WorkerPlugin, get_worker

from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.workers import Workers
from qdiag.model.evaluation import Evaluation, Request
from qdiag.trace.evaluation_store import installed_versions
from qdiag.trace.evaluation_text import can_be_written, write_evaluation
from qdiag.trace.request_text import Written, read_request

IDLE = 900.0
"""Seconds after which processes end that nobody asks anything: whoever asked may be gone for good. They start again when asked."""

Answer = Union[tuple[str, bytes], Evaluation]


class Host(WorkerPlugin):  # type: ignore[misc]
    """The pool of one worker, as one run needs it.

    Parameters
    ----------
    name
        Of the run: of this plug-in, and of the resource that workers offer which may work for it.
    stack
        Versions of what evaluates where the run is judged.
    limit
        Processor time for one evaluation.
    function
        What evaluates a request.
    warm
        Whether processes load PennyLane and torch when they start.
    ours
        Whether the worker was started by us, for this run alone: Ctrl-C is then answered by us alone.
    """

    def __init__(
        self,
        name: str,
        stack: str,
        limit: float,
        function: Callable[[Request], Evaluation] = evaluate,
        *,
        warm: bool = True,
        ours: bool = False,
    ) -> None:
        self.name = name
        self._stack, self._limit, self._function, self._warm = stack, limit, function, warm
        self._ours, self._count = ours, 1
        self._pool: Optional[Workers] = None
        self._idle: Optional[threading.Timer] = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pool": None, "_idle": None}

    def setup(self, worker: Worker) -> Optional[Awaitable[None]]:
        """Offer to work, where the stack is the same."""
        self._lock = threading.Lock()
        if self._ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if installed_versions() != self._stack:
            return None
        self._count = worker.state.nthreads
        # a nanny's worker may start no processes, lest they outlive it: ours end with it by themselves
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        self.pool.call(len, ())
        offer: Awaitable[None] = worker.set_resources(**{self.name: self._count})
        return offer

    def teardown(self, worker: Worker) -> Awaitable[None]:
        """End the processes, and offer nothing any more."""
        self._end()
        withdrawn: Awaitable[None] = worker.set_resources(**{self.name: 0})
        return withdrawn

    @property
    def pool(self) -> Workers:
        """The processes, started where there are none."""
        with self._lock:
            if self._pool is None:
                self._pool = Workers(self._count, self._limit, self._function, self._warm, forked=self._warm)
            if self._idle is not None:
                self._idle.cancel()
            self._idle = threading.Timer(IDLE, self._end)
            self._idle.daemon = True
            self._idle.start()
            return self._pool

    def _end(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
            if self._idle is not None:
                self._idle.cancel()
        if pool is not None:
            pool.__exit__(None, None, None)


def evaluate_there(name: str, asked: Union[Written, Request]) -> Answer:
    """Evaluate a request in the pool of the worker that this task came to; as text, where that says all of it."""
    request = read_request(asked) if isinstance(asked, Written) else asked
    evaluation = _host(name).pool.submit(request).result()
    return write_evaluation(evaluation) if can_be_written(evaluation) else evaluation


def call_there(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a function in the pool of the worker that this task came to."""
    return _host(name).pool.call(function, *arguments).result()


def _host(name: str) -> Host:
    host: Any = get_worker().plugins[name]
    return host  # type: ignore[no-any-return]
