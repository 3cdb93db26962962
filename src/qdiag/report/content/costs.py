"""What a gradient takes under each method of a judged run, and which of those that are right is the cheapest.

It is read from what ``findings.json`` says, so that a run that was judged before can be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from qdiag.model.comparison import Verdict
from qdiag.model.method import Method, parse
from qdiag.report.content.figures import NOTHING, seconds, size
from qdiag.report.content.method_names import names_of

ALIKE = 1.1
"""Two methods whose times differ by no more than this factor take the same, as far as one can tell."""

SMALL = 1_000_000
"""Bytes below which a process's memory says nothing: it is given out in larger pieces."""

HEADER = ("method", "calls", "a gradient", "× own", "memory", "right")

WRONG, UNDECIDED, APPROXIMATE, RIGHT = "wrong", "not known", "nearly", "yes"


@dataclass(frozen=True)
class Costs:
    """Rows below `HEADER`, and what follows from them, in sentences; ``cheapest`` is the method to use, where there is one."""

    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...]
    cheapest: Optional[Method] = None


def costs_in(record: Mapping[str, Any]) -> Costs:
    """What a judged run says of costs."""
    entries: Sequence[Mapping[str, Any]] = record.get("costs", ())
    if not entries:
        return Costs((), ("No call was replayed.",))
    methods = [parse(entry["method"]) for entry in entries]
    names = dict(zip(methods, names_of(methods).all(methods)))
    standing = {method: _standing(method, record) for method in methods}
    rows = tuple(_row(names[method], entry, standing[method]) for method, entry in zip(methods, entries))
    known = {method: entry for method, entry in zip(methods, entries) if entry.get("usual_seconds") and entry.get("times_own")}
    if not known:
        return Costs(rows, ("What one gradient takes was not measured: judge the run again with qdiag diagnose.",))
    right = [method for method in known if standing[method] is RIGHT]
    sentences = []
    cheapest = min(right, key=lambda method: float(known[method]["times_own"]), default=None)
    if cheapest is None:
        sentences.append("Of no method is it known to be right here.")
    else:
        own = methods[0]
        if own in right and known[cheapest]["times_own"] > 1 / ALIKE:
            cheapest = own
        sentences += _advice(cheapest, own, known, names, standing[own])
    if len(known) < len(methods):
        sentences.append("A method without a time saw parts of calls, a few rows or parameters: the whole takes longer.")
    return Costs(rows, tuple(sentences), cheapest)


def _standing(method: Method, record: Mapping[str, Any]) -> str:
    """Whether a method is right, as far as the findings say."""
    name = str(method)
    errors = [one for one in record["findings"] if one["verdict"] in (Verdict.ERROR.value, Verdict.REMARK.value)]
    if any(name in (one.get("wrong") or ()) for one in errors):
        return WRONG
    open_ones = [one for one in errors if one["verdict"] == Verdict.ERROR.value and not one.get("wrong")]
    # where one of a pair raises, nothing is said against the other
    if record.get("undecided") or any(name in (one.get("raised") or one.get("methods") or ()) for one in open_ones):
        return UNDECIDED
    return APPROXIMATE if method.diff_method == "finite-diff" or method.stochastic else RIGHT


def _row(name: str, entry: Mapping[str, Any], standing: str) -> tuple[str, ...]:
    usual, times = entry.get("usual_seconds"), entry.get("times_own")
    cells = (seconds(usual) if usual else NOTHING, f"{times:.2g}" if times else NOTHING)
    return (name, str(entry["calls"]), *cells, _memory(entry), standing)


def _memory(entry: Mapping[str, Any]) -> str:
    taken = entry.get("memory_bytes")
    return NOTHING if not taken else "< 1 MB" if taken < SMALL else size(taken)


def _advice(
    cheapest: Method, own: Method, known: Mapping[Method, Mapping[str, Any]], names: Mapping[Method, str], standing: str
) -> list[str]:
    """Which method to use, and by how much it is cheaper than the script's own or, where that is it, than the next."""
    if cheapest == own:
        return [f"{names[own]}, which the script uses, is the cheapest method that is right here."]
    took, times = seconds(known[cheapest]["usual_seconds"]), known[cheapest]["times_own"]
    besides = "which the script uses and which is wrong" if standing is WRONG else "which the script uses"
    words = [
        f"{names[cheapest]} is the cheapest method that is right here: {took} a gradient; "
        f"{names[own]}, {besides}, takes {1 / times:.2g} times as long."
    ]
    here, there = _memory(known[cheapest]), _memory(known[own]) if own in known else NOTHING
    if NOTHING not in (here, there) and here != there:
        words.append(f"It takes {here} of memory beside {there}.")
    return words
