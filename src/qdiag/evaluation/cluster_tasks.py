"""A task of Dask's as a future of ours: what travels to a worker, what comes back of it, and who waits for that.

Tasks come and go, futures stay: where the workers that had a task are gone, another one is handed in for the same future.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Optional, Union

from distributed import Future as Task
from distributed.scheduler import KilledWorker

from qdiag.errors import CircuitFormatError, ClusterError
from qdiag.model.call import LOST, Failure
from qdiag.model.evaluation import Evaluation, Request
from qdiag.trace.evaluation_text import read_evaluation
from qdiag.trace.request_text import Written, write_request

TRIES = 5
"""Times that a task is handed in, at most: whatever ends each worker that it comes to would end all that come."""

Understand = Callable[[Any, Optional[BaseException]], Any]
"""Makes what the future holds, or raises it, of an answer or an error."""


class LostTask(Exception):
    """The workers that had a task were lost, one after the other."""


class Relay(Future[Any]):
    """A future of ours that follows a task of Dask's, and the next one where that is lost; to cancel it cancels the task.

    Parameters
    ----------
    understand
        What its answer comes to.
    function, arguments
        What is called there.

    Attributes
    ----------
    task
        The last that was handed in.
    tries
        How many were.
    """

    task: Task

    def __init__(self, understand: Understand, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self.function, self.arguments, self._understand = function, arguments, understand
        self.tries = 0

    def follow(self, task: Task) -> None:
        """Wait for a task, and for no other any more."""
        if self.tries:
            self._drop()
        self.task = task
        self.tries += 1

    def cancel(self) -> bool:
        """Cancel the task, unless it has begun: then nobody listens to what it says."""
        self._drop()
        return super().cancel()

    def _drop(self) -> None:
        with suppress(Exception):
            self.task.cancel()

    def answer(self, answer: Any, error: Optional[BaseException]) -> None:
        """The task has ended."""
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self._understand(answer, error))
        except BaseException as failure:
            self.set_exception(failure)


def as_it_travels(request: Request) -> Union[Written, Request]:
    """A request as text and bytes, or as it stands where no file holds its circuit: that is one of our own making."""
    try:
        return write_request(request)
    except CircuitFormatError:
        return request


def evaluation_of(answer: Any, error: Optional[BaseException], request: Request) -> Evaluation:
    """What a task says of a request.

    Raises
    ------
    ClusterError
        If it says nothing because there is no cluster any more.
    """
    if isinstance(error, ClusterError):
        raise error
    if isinstance(error, (KilledWorker, LostTask)):
        lost = Failure(LOST, "the workers that evaluated it were lost, one after the other", stage="worker")
        return Evaluation(request.method, failure=lost)
    if error is not None:
        return Evaluation(request.method, failure=Failure(type(error).__name__, str(error), stage="worker"))
    return answer if isinstance(answer, Evaluation) else read_evaluation(*answer)
