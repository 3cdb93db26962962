"""Which methods gave nothing, at which calls and why: gathered from the results of a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qdiag.judging.replay.call_result import CallResult
from qdiag.model.call import Failure
from qdiag.model.method import Method
from qdiag.model.unanswered import Reason, Unanswered, reason_of


class Silences:
    """What methods left unanswered, told call by call in their order.

    The script's own method is among them where its replay failed although the script's call did not: what the user met is a finding.
    """

    def __init__(self) -> None:
        self._asked: Counter[Method] = Counter()
        self._found: dict[tuple[Method, Reason], tuple[Method, Failure, list[int]]] = {}

    def add(self, result: CallResult) -> None:
        """Take note of what methods left unanswered at one more call."""
        self._asked.update(method.bare for method in result.methods)
        for method, failure in _failures(result):
            self._found.setdefault((method.bare, reason_of(failure)), (method, failure, []))[2].append(result.call)

    def all(self) -> tuple[Unanswered, ...]:
        """One value for each method and reason, in the order of methods."""
        made = (
            Unanswered(method, reason, failure, tuple(calls), self._asked[bare])
            for (bare, reason), (method, failure, calls) in self._found.items()
        )
        return tuple(sorted(made, key=lambda one: (one.method.order, one.calls)))


def _failures(result: CallResult) -> Iterator[tuple[Method, Failure]]:
    if result.own.failure is not None and result.failure is None:
        yield result.own.method, result.own.failure
    yield from result.refused
