"""Who evaluates: one protocol for warm worker processes, for this process, and for the fakes of the tests.

Nobody who asks remembers what was said: there are two memories, both under the request's key (`trace.keys`), which is worked out once.
An evaluator keeps the evaluations made last, for whoever asks again. A replay's desk keeps those of the replay in the run's file, for
the next replay of the same trace. They stay two because they end at different times and are written by different threads: thousands
of candidates of a minimization are worth remembering for a minute and never a place in the file, and the file has one writer, while
evaluations arrive in a thread of the pool's.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Callable, Protocol

from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method


class Evaluator(Protocol):
    """Whatever evaluates requests, and calls functions where PennyLane and torch are loaded."""

    @property
    def count(self) -> int:
        """How many evaluations go on side by side."""

    def submit(self, request: Request) -> Future[Evaluation]:
        """Start one evaluation; the future never holds an exception, a failure is a value."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a module-level function; its exception is the future's."""

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """The deterministic methods that a circuit's device supports for it: what ``--methods auto`` stands for."""
