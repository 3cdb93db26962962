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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from importlib import metadata
from typing import Any, Optional
from uuid import uuid4

from distributed import Client, LocalCluster
from distributed import Future as Task
from distributed.utils import sync

from qdiag.errors import ClusterError
from qdiag.evaluation import cluster_host
from qdiag.evaluation.cluster_address import LOCAL
from qdiag.evaluation.cluster_tasks import TRIES, LostTask, Relay, Understand, as_it_travels, evaluation_of
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.limits import SECONDS
from qdiag.evaluation.memory import Memory
from qdiag.evaluation.remote import applicable
from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.trace.evaluation_store import STACK, installed_versions
from qdiag.trace.keys import request_key

CONNECTING = 10.0
"""Seconds for which a scheduler is waited for."""

LEAVING = 5.0
"""Seconds for which it is waited for at the end."""

DESERTED = 60.0
"""Seconds after which nothing is expected any more of a cluster without workers."""

FETCHING = 30.0
"""Seconds for which answers that are there are fetched: those whose worker is lost meanwhile would be waited for without an end."""

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
        self._open: dict[str, Relay] = {}
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
        for relay in left.values():
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
            evaluation = evaluation_of(answer, error, request)
            self._memory.keep(key, evaluation)
            return evaluation

        return self._start(understand, cluster_host.evaluate_there, self._name, as_it_travels(request))

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
        relay = Relay(understand, function, arguments)
        self._hand_in(relay)
        return relay

    def _hand_in(self, relay: Relay) -> None:
        with self._lock:
            self._number += 1
            key = f"{self._name}-{self._number}"
        task = self._client.submit(relay.function, *relay.arguments, key=key, pure=False, resources={self._name: 1})
        relay.follow(task)
        with self._lock:
            self._open[key] = relay
        task.add_done_callback(self._arrived.put)

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
        answers = self._fetched([task for task in tasks if task.status == "finished"])
        for task in tasks:
            with self._lock:
                relay = self._open.pop(task.key, None)
            if relay is None:
                continue
            if task.key in answers:
                relay.answer(answers[task.key], None)
            elif task.status == "error":
                relay.answer(None, task.exception(timeout=CONNECTING))
            elif task.status == "cancelled":
                relay.answer(None, self._gone(f"the cluster at {self._address} is gone"))
            else:
                # its worker was lost when the answer was there, and not here yet
                self._hand_in_again(relay)

    def _fetched(self, good: Sequence[Task]) -> dict[str, Any]:
        """Answers by the keys of their tasks; none where one of them cannot be had."""
        with suppress(Exception):
            found = sync(self._client.loop, self._client.gather, good, asynchronous=True, callback_timeout=FETCHING)
            return dict(zip((task.key for task in good), found))
        return {}

    def _hand_in_again(self, relay: Relay) -> None:
        if relay.tries == TRIES:
            relay.answer(None, LostTask())
            return
        try:
            self._hand_in(relay)
        except Exception:
            relay.answer(None, self._gone(f"the cluster at {self._address} is gone"))

    def _look_for_workers(self) -> None:
        """Where no worker is left for long, nothing will come; where there are some, they are asked for what none of them has."""
        if not self._open:
            return
        with suppress(Exception):
            self._deserted = 0.0 if self.count else self._deserted + LOOK
            if not self._deserted:
                for relay in self._taken(self._with_nobody()):
                    self._hand_in_again(relay)
        if self._deserted >= DESERTED:
            for relay in self._taken(tuple(self._open)):
                relay.answer(None, self._gone(f"no worker is left at {self._address}"))

    def _with_nobody(self) -> set[str]:
        """Keys that no worker has: the scheduler offers those to whoever joins, and who is started again takes ours only later."""
        return self._open.keys() - {key for keys in self._client.processing().values() for key in keys}

    def _taken(self, keys: Iterable[str]) -> list[Relay]:
        """Who waits for these tasks, and does so no more."""
        with self._lock:
            return [self._open.pop(key) for key in keys if key in self._open]

    @staticmethod
    def _gone(words: str) -> ClusterError:
        return ClusterError(words, "what was worked out is kept: judge the run again with qdiag diagnose")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
