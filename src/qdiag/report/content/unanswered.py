"""What methods left unanswered, in words: a refusal is PennyLane's own and of every call; all else is called what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from qdiag.model.method import Method
from qdiag.model.result import Result
from qdiag.model.unanswered import Reason, Unanswered
from qdiag.report.content.figures import listing, short_line, words
from qdiag.report.content.method_names import Names, full
from qdiag.report.outline import Table

MOST_CALLS = 4
"""So many calls are named one by one; more are counted."""

MOST_WORDS = 400
"""Characters of an exception in a table."""


def unanswered_notes(result: Result, names: Names) -> Iterator[str]:
    """A sentence for all methods of which the same is to be said."""
    groups: dict[tuple[Reason, bool, str], list[Unanswered]] = {}
    for one in _not_blamed(result):
        groups.setdefault((one.reason, one.everywhere, _calls(one)), []).append(one)
    for (reason, everywhere, where), group in groups.items():
        methods = listing([names.short(one.method) for one in group])
        yield _SENTENCES[reason](methods, len(group), "" if everywhere else where, short_line(words(group[0].failure), 120))


def _refuses(methods: str, number: int, where: str, said: str) -> str:
    circuit = f"the circuit of {where}" if where else "this circuit"
    return f"{methods} {'refuses' if number == 1 else 'refuse'} {circuit}"


def _failed(methods: str, number: int, where: str, said: str) -> str:
    if where:
        return f"{methods} failed at {where}: {said}"
    return f"{methods} {'fails' if number == 1 else 'fail'} at every call: {said}"


def _late(methods: str, number: int, where: str, said: str) -> str:
    return f"{methods} {'was' if number == 1 else 'were'} not in time at {where or 'any call'}: {said}"


def _lost(methods: str, number: int, where: str, said: str) -> str:
    return f"the process that evaluated {methods} was lost at {where or 'every call'}"


def _not_replayed(methods: str, number: int, where: str, said: str) -> str:
    return f"{methods} cannot be replayed at {where or 'any call'}: {said}"


def _own_fault(methods: str, number: int, where: str, said: str) -> str:
    return f"qdiag itself failed on {methods} at {where or 'every call'} ({said})"


_SENTENCES: dict[Reason, Callable[[str, int, str, str], str]] = {
    Reason.REFUSES: _refuses,
    Reason.FAILED: _failed,
    Reason.NOT_IN_TIME: _late,
    Reason.LOST: _lost,
    Reason.NOT_REPLAYED: _not_replayed,
    Reason.OWN_FAULT: _own_fault,
}


def refusal_table(result: Result) -> Optional[Table]:
    """The methods that PennyLane refuses, in its words."""
    rows = tuple((full(one.method), _short(one)) for one in _not_blamed(result) if _is_refusal(one))
    if not rows:
        return None
    return Table("Methods that refuse this circuit", ("Method", "In PennyLane's words"), rows, "That is normal, and no finding.")


def failure_table(result: Result) -> Optional[Table]:
    """All else that was left unanswered, with its reason."""
    rows = tuple(
        (full(one.method), one.reason.value, "all asked" if one.everywhere else _calls(one), _short(one))
        for one in _not_blamed(result)
        if not _is_refusal(one)
    )
    if not rows:
        return None
    note = "Nothing is said of these methods at these calls."
    return Table("What was not answered", ("Method", "Why", "Calls", "The first exception"), rows, note)


def _is_refusal(one: Unanswered) -> bool:
    return one.reason is Reason.REFUSES and one.everywhere


def _not_blamed(result: Result) -> Sequence[Unanswered]:
    """All but the exceptions of methods that a finding is about."""
    blamed: set[Method] = {method.bare for finding in result.findings for method in finding.divergence.wrong}
    told = (Reason.REFUSES, Reason.FAILED)
    return [one for one in result.replay.unanswered if one.method.bare not in blamed or one.reason not in told]


def _calls(one: Unanswered) -> str:
    if len(one.calls) > MOST_CALLS:
        return f"{len(one.calls)} calls, from call {one.calls[0]} on"
    return f"{'call' if len(one.calls) == 1 else 'calls'} {listing([str(call) for call in one.calls])}"


def _short(one: Unanswered) -> str:
    return short_line(words(one.failure), MOST_WORDS)
