"""Evaluations on more than one machine: Dask's scheduler hands them out, repeats what a lost worker had, and carries the answers.

This file is imported only where a cluster is asked for: ``distributed`` is an extra (``qdiag[cluster]``). Circuits travel as our own
text and bytes (`trace.request_text`), answers likewise; what is called by name gets our own values. Whoever can reach the scheduler
can run code on it, and in this process: a cluster is trusted as this machine is.
"""

from __future__ import annotations

import logging
import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from importlib import metadata
from typing import Any, Optional, Union
from uuid import uuid4

from distributed import Client, LocalCluster
from distributed import Future as Task
from distributed.scheduler import KilledWorker

from qdiag.errors import CircuitFormatError, ClusterError
from qdiag.evaluation import cluster_host
from qdiag.evaluation.cluster_address import LOCAL
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.limits import SECONDS
from qdiag.evaluation.memory import Memory
from qdiag.evaluation.remote import applicable
from qdiag.model.call import LOST, Configuration, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.trace.evaluation_store import STACK, installed_versions
from qdiag.trace.evaluation_text import read_evaluation
from qdiag.trace.keys import request_key
from qdiag.trace.request_text import Written, write_request

CONNECTING = 10.0
"""Seconds for which a scheduler is waited for."""

LEAVING = 5.0
"""Seconds for which it is waited for at the end."""

DESERTED = 60.0
"""Seconds after which nothing is expected any more of a cluster without workers."""

LOOK = 5.0
"""Seconds without an answer after which is looked whether there are workers."""

Tell = Callable[[str], None]


class Cluster:
    """Workers of a Dask cluster. Use it as a context manager.

    Parameters
    ----------
    address
        Of the scheduler, as ``tcp://HOST:PORT``; or ``local:N`` for one of our own with N workers on this machine.
    limit
        Processor time for each evaluation, in seconds.
    tell
        Told which workers are refused, and why.
    function
        What evaluates a request.
    warm
        Whether workers load PennyLane and torch when they start.
    """

    def __init__(
        self,
        address: str,
        limit: float = SECONDS,
        tell: Tell = lambda text: None,
        function: Callable[[Request], Evaluation] = evaluate,
        warm: bool = True,
    ) -> None:
        self._address, self._limit, self._tell = address, limit, tell
        self._function, self._warm = function, warm
        self._name = f"qdiag-{uuid4().hex[:12]}"
        self._resources = ExitStack()
        self._memory = Memory()
        self._open: dict[str, tuple[Task, Relay]] = {}
        self._lock = threading.Lock()
        self._arrived: queue.SimpleQueue[Optional[Task]] = queue.SimpleQueue()
        self._number = 0
        self._deserted = 0.0

    # --- connecting and leaving ------------------------------------------------------------------------------------------

    def __enter__(self) -> Cluster:
        try:
            self._client = self._connect()
            self._host_everywhere()
        except BaseException:
            self._resources.close()
            raise
        collecting = threading.Thread(target=self._collect, name="qdiag cluster", daemon=True)
        collecting.start()
        self._resources.callback(self._arrived.put, None)
        return self

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            left, self._open = self._open, {}
        for task, relay in left.values():
            with suppress(Exception):
                task.cancel()
            relay.cancel()
        self._resources.close()

    def _connect(self) -> Client:
        # what goes wrong is said by us; Dask would say it in the middle of the progress
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        local, address = LOCAL.fullmatch(self._address), self._address
        with warnings.catch_warnings():
            # that versions of Dask differ
            warnings.simplefilter("ignore")
            if local:
                options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": logging.CRITICAL}
                ours = self._resources.enter_context(LocalCluster(n_workers=int(local[1]), processes=True, **options))
                address = ours.scheduler_address
            try:
                client = Client(address, timeout=CONNECTING, set_as_default=False)
            except (OSError, ValueError, TimeoutError) as error:
                words = f"there is no Dask scheduler at {address} ({type(error).__name__})"
                raise ClusterError(words, "start one with: dask scheduler; and workers with: dask worker ADDRESS") from None
        self._resources.callback(client.close, timeout=LEAVING)
        return client

    def _host_everywhere(self) -> None:
        """Set up every worker that has our stack, now and later; say which have another."""
        foreign = self._foreign_workers()
        ours = LOCAL.fullmatch(self._address) is not None
        host = cluster_host.Host(self._name, installed_versions(), self._limit, self._function, warm=self._warm, ours=ours)
        try:
            self._client.register_plugin(host, name=self._name)
        except Exception as error:
            # one without qdiag cannot even read what it is sent
            if not foreign:
                raise ClusterError(f"a worker at {self._address} failed to start ({error})", "see the worker's own log") from error
        self._resources.callback(self._leave_workers)
        if self.count:
            for address, differs in foreign.items():
                self._tell(f"the worker {address} is refused: it has {differs}")
        elif foreign:
            address, differs = next(iter(foreign.items()))
            words = f"no worker has the versions that are installed here: {address} has {differs}"
            raise ClusterError(words, "install the same versions there, and start the workers anew")
        else:
            raise ClusterError(f"the scheduler at {self._address} has no workers", "start some with: dask worker ADDRESS")

    def _leave_workers(self) -> None:
        # whoever else is gone by now has nothing to end
        with suppress(Exception):
            self._client.unregister_worker_plugin(self._name)

    def _foreign_workers(self) -> dict[str, str]:
        """Workers with another stack, and how that differs; asked by what every Python has."""
        differing: dict[str, list[str]] = {}
        for name in STACK:
            here = _installed(name)
            for address, there in self._client.run(metadata.version, name, on_error="return").items():
                version = "none" if isinstance(there, BaseException) else there
                if version != here:
                    differing.setdefault(address, []).append(f"{name} {version} (here {here})")
        return {address: ", ".join(words) for address, words in differing.items()}

    # --- asking ----------------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many evaluations go on side by side."""
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        return int(sum(worker["resources"].get(self._name, 0) for worker in workers))

    def submit(self, request: Request) -> Future[Evaluation]:
        """Start an evaluation, unless the same request was answered before.

        Returns
        -------
        Future
            An evaluation over its time, or one that its worker did not survive, is an `Evaluation` that failed, as on this machine.
            A `ClusterError` where there is no cluster any more.
        """
        key = request_key(request)
        known = self._memory.get(key)
        if known is not None:
            done: Future[Evaluation] = Future()
            done.set_result(known)
            return done

        def understand(answer: Any, error: Optional[BaseException]) -> Evaluation:
            evaluation = _evaluation_of(answer, error, request)
            self._memory.keep(key, evaluation)
            return evaluation

        return self._start(understand, cluster_host.evaluate_there, self._name, _as_it_travels(request))

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a module-level function where PennyLane and torch are loaded; its exception is the future's."""

        def understand(answer: Any, error: Optional[BaseException]) -> Any:
            if error is not None:
                raise error
            return answer

        return self._start(understand, cluster_host.call_there, self._name, function, arguments)

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """What ``--methods auto`` stands for (see `applicable`)."""
        found: tuple[Method, ...] = self.call(applicable, circuit, configuration).result()
        return found

    def _start(self, understand: Understand, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with self._lock:
            self._number += 1
            key = f"{self._name}-{self._number}"
        task = self._client.submit(function, *arguments, key=key, pure=False, resources={self._name: 1})
        relay = Relay(task, understand)
        with self._lock:
            self._open[key] = task, relay
        task.add_done_callback(self._arrived.put)
        return relay

    # --- answers ---------------------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Hand on what arrives: all that is there at once, since each way to the scheduler takes its time."""
        while True:
            try:
                arrived = [self._arrived.get(timeout=LOOK)]
            except queue.Empty:
                self._look_for_workers()
                continue
            with suppress(queue.Empty):
                while True:
                    arrived.append(self._arrived.get_nowait())
            if None in arrived:
                return
            self._deserted = 0.0
            self._hand_on([task for task in arrived if task is not None])

    def _hand_on(self, tasks: Sequence[Task]) -> None:
        good = [task for task in tasks if task.status == "finished"]
        answers: dict[str, Any] = {}
        with suppress(Exception):
            # what cannot be fetched is asked for one by one below
            answers = dict(zip((task.key for task in good), self._client.gather(good)))
        for task in tasks:
            with self._lock:
                _, relay = self._open.pop(task.key, (None, None))
            if relay is None:
                continue
            if task.key in answers:
                relay.answer(answers[task.key], None)
            else:
                relay.answer(None, self._error_of(task))

    def _error_of(self, task: Task) -> BaseException:
        if task.status == "error":
            error: BaseException = task.exception(timeout=CONNECTING)
            return error
        return self._gone(f"the cluster at {self._address} is gone")

    def _look_for_workers(self) -> None:
        """Where no worker is left for long, nothing will come."""
        if not self._open:
            return
        with suppress(Exception):
            self._deserted = 0.0 if self.count else self._deserted + LOOK
        if self._deserted >= DESERTED:
            with self._lock:
                left, self._open = self._open, {}
            for _, relay in left.values():
                relay.answer(None, self._gone(f"no worker is left at {self._address}"))

    @staticmethod
    def _gone(words: str) -> ClusterError:
        return ClusterError(words, "what was worked out is kept: judge the run again with qdiag diagnose")


Understand = Callable[[Any, Optional[BaseException]], Any]
"""Makes what the future holds, or raises it, of an answer or an error."""


class Relay(Future[Any]):
    """A future of ours that follows a task of Dask's; to cancel it cancels the task.

    Parameters
    ----------
    task
        The task.
    understand
        What its answer comes to.
    """

    def __init__(self, task: Task, understand: Understand) -> None:
        super().__init__()
        self._task, self._understand = task, understand

    def cancel(self) -> bool:
        """Cancel the task, unless it has begun: then nobody listens to what it says."""
        with suppress(Exception):
            self._task.cancel()
        return super().cancel()

    def answer(self, answer: Any, error: Optional[BaseException]) -> None:
        """The task has ended."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self._understand(answer, error))
        except BaseException as failure:
            self.set_exception(failure)


def _as_it_travels(request: Request) -> Union[Written, Request]:
    try:
        return write_request(request)
    except CircuitFormatError:
        # no file holds such a circuit: it is one of our own making
        return request


def _evaluation_of(answer: Any, error: Optional[BaseException], request: Request) -> Evaluation:
    """What a task says of a request.

    Raises
    ------
    ClusterError
        If it says nothing because there is no cluster any more.
    """
    if isinstance(error, ClusterError):
        raise error
    if isinstance(error, KilledWorker):
        lost = Failure(LOST, "the workers that evaluated it were lost, one after the other", stage="worker")
        return Evaluation(request.method, failure=lost)
    if error is not None:
        return Evaluation(request.method, failure=Failure(type(error).__name__, str(error), stage="worker"))
    return answer if isinstance(answer, Evaluation) else read_evaluation(*answer)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
