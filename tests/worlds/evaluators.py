"""The evaluator that others in the tests are made from: it fits the protocol, answers here and at once, and knows no framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method


class FakeEvaluator:
    """What it says of a request or a function is for those to tell who derive from it."""

    count = 1
    methods: Sequence[Method] = ()

    def evaluate(self, request: Request) -> Evaluation:
        """What a method says of a circuit."""
        raise NotImplementedError

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a framework would say."""
        raise LookupError("no framework here")

    def submit(self, request: Request) -> Future[Evaluation]:
        future: Future[Evaluation] = Future()
        future.set_result(self.evaluate(request))
        return future

    def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(self.answer(function, *arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        return tuple(self.methods)
