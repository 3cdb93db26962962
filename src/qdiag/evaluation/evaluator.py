"""Who evaluates: one protocol for warm worker processes, for this process, and for the fakes of the tests."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Callable, Optional, Protocol

from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method


class Evaluator(Protocol):
    """Whatever evaluates requests, and calls functions where PennyLane and torch are loaded."""

    @property
    def count(self) -> int:
        """How many evaluations go on side by side."""

    def submit(self, request: Request, timeout: Optional[float] = None) -> Future[Evaluation]:
        """Start one evaluation; the future never holds an exception, a failure is a value."""

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Start a module-level function; its exception is the future's."""

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        """The deterministic methods that a circuit's device supports for it: what ``--methods auto`` stands for."""
