"""What was not seen of a run, gathered: from the events of its trace, from its probes, and from its replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional, Protocol

from qdiag.evaluation.limits import Deadline
from qdiag.model.call import Call, Event
from qdiag.model.circuit import AS_DECOMPOSITION, MOVED_TO_CPU
from qdiag.model.coverage import Coverage, Gap, Unseen, gap_of
from qdiag.model.result import ReplaySummary
from qdiag.pipeline.probed_qnodes import probed_qnodes
from qdiag.trace.reader import Trace

MOST_TEXTS = 5
"""Sentences of one gap that a report has, the most frequent first."""

MOST_NAMES = 3
"""QNodes that are named in a sentence."""

_EARLIER = {"recording stopped before the script ended": Gap.STOPPED, "QNode calls from several threads": Gap.THREADS}
"""How the warnings begin by which an earlier qdiag said the same."""


def coverage_of(trace: Trace, replay: ReplaySummary) -> Coverage:
    """How much of a run its verdict is about.

    Parameters
    ----------
    trace, replay
        The recording, and what was evaluated of it.
    """
    return Coverage(len(trace), replay.replayed, (*unseen_in(trace), *replay.unseen))


def unseen_in(trace: Trace) -> tuple[Unseen, ...]:
    """What the recording itself did not see."""
    events = trace.events
    return (*of_events(events), *of_circuits(trace), *of_probing(trace, events))


def of_events(events: Iterable[Event]) -> Iterator[Unseen]:
    """What the recorder says that it did not see: the same words once, with the number of calls where each event is of one."""
    found: dict[Gap, Counter[str]] = {}
    for event in events:
        gap = _gap_of(event)
        if gap is not None and gap is not Gap.NOT_PROBED:
            found.setdefault(gap, Counter())[event.text] += 1
    for gap, texts in found.items():
        for text, times in texts.most_common(MOST_TEXTS):
            yield Unseen(gap, text, times if gap is Gap.UNRECORDED else None)
        rest = sum(times for _, times in texts.most_common()[MOST_TEXTS:])
        if rest:
            yield Unseen(gap, "More of these are in the trace.", rest if gap is Gap.UNRECORDED else None)


MOST_STRUCTURES = 32
"""The circuits of so many structures are asked for their notes."""

_OTHERWISE = {
    AS_DECOMPOSITION: "methods were compared on its parts, and its own rules were not",
    MOVED_TO_CPU: "methods were compared on the CPU, where rounding may be another; the script's own on the GPU, too, if there is one",
}
"""What a circuit's note says, and what follows from it."""


class Circuits(Protocol):
    """A trace, as far as its circuits are asked for."""

    def call(self, index: int) -> Call:
        """The call at an index."""

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures."""


def of_circuits(trace: Circuits) -> Iterator[Unseen]:
    """What was recorded otherwise than it ran: the same words once."""
    notes = dict.fromkeys(note for index in trace.first_of_each_structure(MOST_STRUCTURES) for note in trace.call(index).circuit.notes)
    found = [f"{note[:1].upper()}{note[1:]}: {then}." for note in notes for words, then in _OTHERWISE.items() if words in note]
    yield from (Unseen(Gap.OTHERWISE, text) for text in found[:MOST_TEXTS])


_OUTSIDE = "Gradients outside of the circuits"


def of_probing(trace: Trace, events: Iterable[Event]) -> Iterator[Unseen]:
    """The QNodes that no probe looked at, or none to its end: with why, what follows from it, and what to do."""
    qnodes = probed_qnodes(trace)
    made, missing = qnodes.made, [qnodes.made[one] for one in qnodes.missing]
    if missing:
        which = "" if len(missing) == len(made) else f" in {len(missing)} of {len(made)} QNodes ({_several(missing)})"
        yield Unseen(Gap.NOT_PROBED, f"{_OUTSIDE} were not looked at{which}. {_why_not(trace, events)}", len(missing), len(made))
    for one, probes in qnodes.probes.items():
        if one not in made or any(probe.complete for probe in probes):
            continue
        (cut, *_) = probes
        why = f": {cut.note.rstrip('.')}" if cut.note else ""
        what = f"The probe of {made[one]} at call {cut.call} did not come to its end{why}."
        yield Unseen(Gap.PROBE_CUT, f"{what} {_OUTSIDE} were looked at only in part.", 1, len(made))


def _why_not(trace: Trace, events: Iterable[Event]) -> str:
    if not trace.probes_wanted:
        return "No probe was asked for."
    reasons = dict.fromkeys(event.text for event in events if _gap_of(event) is Gap.NOT_PROBED and event.text)
    return next(iter(reasons), "They were called where no probe is made.")


def _several(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")


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
