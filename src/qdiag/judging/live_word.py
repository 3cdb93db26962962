"""The word of the live probes where the device or the circuit cannot be made again: calls are not replayed then, and judged by these.

A probe evaluates the QNode itself, on the script's own device in the script's own process. It upholds the script's method where that
one's slopes are those of the QNode's numerical differentiation; where they are not, it has found an error, which stands as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from qdiag.judging import live_methods, probe_findings
from qdiag.judging.replay.located import Located, verdict_of
from qdiag.model.call import Call
from qdiag.model.coverage import Gap, Unseen
from qdiag.model.probe import Probe
from qdiag.model.result import NotRebuilt

NO_PROBE = "no probe looked at its QNode"


class Calls(Protocol):
    """A trace, as far as it is needed here."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index."""

    @property
    def probes(self) -> Sequence[Probe]:
        """What the live probes saw."""

    @property
    def handed(self) -> bool:
        """Whether marks are asked about."""


class _Word(NamedTuple):
    """What probes say of the calls of one QNode: at how many of them they looked, and why they do not decide, or ""."""

    missing: NotRebuilt
    calls: int
    probed: int
    doubt: str
    others: tuple[str, ...] = ()


def with_live_word(located: Located, trace: Calls) -> Located:
    """What a replay came to, with the word of the probes on the calls that it had to leave out.

    Parameters
    ----------
    located
        What the replay came to.
    trace
        The calls, and what the probes saw.
    """
    if not located.not_rebuilt:
        return located
    words = [_word_of(group, trace) for group in _by_qnode(located.not_rebuilt, trace)]
    upheld = sum(word.calls for word in words if not word.doubt)
    verdicts = [divergence.comparison.verdict for divergence in located.divergences]
    verdict = verdict_of(verdicts, located.unfaithful, located.replayed + upheld)
    return replace(located, verdict=verdict, unseen=(*located.unseen, *_unseen(words, len(trace))))


def _by_qnode(calls: Sequence[NotRebuilt], trace: Calls) -> list[list[NotRebuilt]]:
    groups: dict[object, list[NotRebuilt]] = {}
    for one in calls:
        groups.setdefault((trace.call(one.call).configuration.qnode_object, one.why, one.circuit, one.interface), []).append(one)
    return list(groups.values())


def _word_of(group: Sequence[NotRebuilt], trace: Calls) -> _Word:
    asked = trace.call(group[0].call).configuration
    probes = [(_as_asked(probe, trace), trace.call(probe.call)) for probe in trace.probes]
    own = [one for one in probes if one[1].configuration.qnode_object == asked.qnode_object]
    # a few stand for the others of QNodes that are alike (see `REPRESENTATIVES`)
    own = own or [one for one in probes if one[1].configuration.of_any_number == asked.of_any_number]
    doubts = [_doubt(probe, call) for probe, call in own] or [group[0].why if group[0].interface else NO_PROBE]
    others = dict.fromkeys(name for probe, _ in own for name in live_methods.compared_methods(probe))
    return _Word(group[0], len(group), doubts.count(""), next((doubt for doubt in doubts if doubt), ""), tuple(others))


def _doubt(probe: Probe, call: Call) -> str:
    """Why a probe does not decide, in words; "" where it upholds the script's method, or finds it wrong in whatever way."""
    return "" if live_methods.of_steps(probe, call) else probe_findings.doubt(probe, call)


def _as_asked(probe: Probe, trace: Calls) -> Probe:
    return probe if trace.handed or not probe.marked else replace(probe, arguments=())


def _unseen(words: Sequence[_Word], recorded: int) -> Iterator[Unseen]:
    for word in words:
        if word.missing.interface:
            yield Unseen(Gap.OPAQUE, f"Nothing was replayed: {word.missing.why}.", word.calls, recorded)
            continue
        rebuilt = f"The {word.missing.what} could not be rebuilt ({word.missing.why})"
        calls = "1 call" if word.probed == 1 else f"{word.probed} calls"
        if not word.doubt:
            beside = f", beside {' and '.join(word.others)} there" if word.others else ", where no other method takes it"
            text = f"{rebuilt}: judged in the script's own process, at {calls} of {word.calls}{beside}."
            yield Unseen(Gap.JUDGED_LIVE, text, word.calls, recorded)
        else:
            text = f"{rebuilt}, so nothing could be replayed; nor is it judged in the script's own process: {word.doubt}."
            yield Unseen(Gap.OPAQUE if word.missing.circuit or word.missing.method else Gap.NOT_REBUILT, text, word.calls, recorded)
