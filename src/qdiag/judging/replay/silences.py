"""Which methods gave nothing, at which calls and why: gathered from the results of a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from qdiag.judging.replay.call_result import CallResult
from qdiag.model.call import Failure
from qdiag.model.method import Method
from qdiag.model.unanswered import Reason, Unanswered, reason_of


def unanswered(results: Sequence[CallResult]) -> tuple[Unanswered, ...]:
    """One value for each method and reason, in the order of methods.

    The script's own method is among them where its replay failed although the script's call did not: what the user met is a finding.

    Parameters
    ----------
    results
        What the calls came to, in order.
    """
    asked = Counter(method.bare for result in results for method in result.methods)
    found: dict[tuple[Method, Reason], list[tuple[int, Method, Failure]]] = {}
    for result in results:
        for method, failure in _failures(result):
            found.setdefault((method.bare, reason_of(failure)), []).append((result.call, method, failure))
    made = (
        Unanswered(first[1], reason, first[2], tuple(call for call, _, _ in group), asked[bare])
        for (bare, reason), group in found.items()
        for first in group[:1]
    )
    return tuple(sorted(made, key=lambda one: (one.method.order, one.calls)))


def _failures(result: CallResult) -> Iterator[tuple[Method, Failure]]:
    if result.own.failure is not None and result.failure is None:
        yield result.own.method, result.own.failure
    yield from result.refused
