"""What was not seen of a run, gathered: from the events of its trace, from its probes, and from its replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Optional

from qdiag.evaluation.limits import Deadline
from qdiag.model.call import Event
from qdiag.model.coverage import Coverage, Gap, Unseen, gap_of
from qdiag.model.probe import Probe
from qdiag.model.result import ReplaySummary
from qdiag.trace.reader import Trace

MOST_TEXTS = 5
"""Sentences of one gap that a report has, the most frequent first."""

_EARLIER = {"recording stopped before the script ended": Gap.STOPPED, "QNode calls from several threads": Gap.THREADS}
"""How the warnings begin by which an earlier qdiag said the same."""


def coverage_of(trace: Trace, replay: ReplaySummary) -> Coverage:
    """How much of a run its verdict is about.

    Parameters
    ----------
    trace, replay
        The recording, and what was evaluated of it.
    """
    recorded = tuple(of_events(trace.events))
    cut = tuple(of_probes(trace.probes))
    return Coverage(len(trace), replay.replayed, (*recorded, *cut, *replay.unseen))


def of_events(events: Iterable[Event]) -> Iterator[Unseen]:
    """What the recorder says that it did not see: the same words once, with the number of calls where each event is of one."""
    found: dict[Gap, Counter[str]] = {}
    for event in events:
        gap = _gap_of(event)
        if gap is not None:
            found.setdefault(gap, Counter())[event.text] += 1
    for gap, texts in found.items():
        for text, times in texts.most_common(MOST_TEXTS):
            yield Unseen(gap, text, times if gap is Gap.UNRECORDED else None)
        rest = sum(times for _, times in texts.most_common()[MOST_TEXTS:])
        if rest:
            yield Unseen(gap, "More of these are in the trace.", rest if gap is Gap.UNRECORDED else None)


def of_probes(probes: Iterable[Probe]) -> Iterator[Unseen]:
    """The probes that ended before all was done that was planned."""
    for probe in probes:
        if not probe.complete:
            because = f": {probe.note}" if probe.note else ""
            yield Unseen(Gap.PROBE_CUT, f"The probe of call {probe.call} is incomplete{because}.", 1)


def of_deadline(deadline: Deadline) -> Iterator[Unseen]:
    """That the time was over before all was looked at."""
    if deadline.passed:
        seconds = f"{deadline.seconds or 0:g} s"
        yield Unseen(Gap.BUDGET, f"The budget of {seconds} was spent before all was looked at: go on with qdiag diagnose.")


def _gap_of(event: Event) -> Optional[Gap]:
    if event.kind == "unrecorded":
        return Gap.UNRECORDED
    if event.kind == "warning":
        return next((gap for words, gap in _EARLIER.items() if event.text.startswith(words)), None)
    return gap_of(event.kind)
