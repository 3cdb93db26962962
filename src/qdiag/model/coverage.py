"""What was seen of a run, and what was not: coverage is part of every verdict.

Whatever was not seen is an `Unseen` of one `Gap`: whoever meets it says so, in a whole sentence, while the script runs as an event
of the trace and afterwards as a value of the replay. A `Coverage` gathers them, and holds the one law by which they leave a verdict
undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional


class Gap(str, Enum):
    """In which way something was not seen; the value is how a trace and findings.json say it."""

    STOPPED = "recording stopped"
    THREADS = "threads"
    PROCESS = "process"
    UNRECORDED = "unrecorded"
    NOT_PROBED = "not probed"
    PROBE_CUT = "probe cut"
    BUDGET = "budget"
    MAX_CALLS = "max calls"
    OPAQUE = "opaque"
    NOT_REBUILT = "not rebuilt"
    JUDGED_LIVE = "judged live"
    OTHERWISE = "recorded otherwise"
    NOT_WATCHED = "not watched"
    NO_FACTS = "no training facts"


_EVENT = "unseen: "

LOST = frozenset({Gap.STOPPED, Gap.THREADS, Gap.PROCESS, Gap.UNRECORDED})
"""Gaps in what was recorded: nobody knows what is in them, so nothing less than an error is certain beside one."""

LEFT_OUT = frozenset({Gap.BUDGET, Gap.MAX_CALLS, Gap.OPAQUE, Gap.NOT_REBUILT})
"""Gaps in what was compared of the recording: the calls in them may be like the others, if enough others were compared."""

LEAST_SHARE = 0.5
"""Compared so large a part of the calls, the others are taken to be like them."""

LEAST_CALLS = 59
"""Or so many calls, spread over the run: a fault of one call in twenty would be met by them in 19 of 20 runs, as 0.95 ** 59 < 0.05."""


@dataclass(frozen=True)
class Unseen:
    """Something that was not seen.

    Parameters
    ----------
    gap
        In which way.
    text
        What, and why, as a whole sentence; or "".
    calls
        How many calls it touches (QNodes, for one that was not probed), where that is known.
    of
        Of how many.
    """

    gap: Gap
    text: str
    calls: Optional[int] = None
    of: Optional[int] = None


@dataclass(frozen=True)
class Coverage:
    """How much of a run its verdict is about.

    Parameters
    ----------
    recorded, compared
        Calls in the trace; those that were evaluated under at least two methods.
    unseen
        All that was not seen.
    """

    recorded: int = 0
    compared: int = 0
    unseen: tuple[Unseen, ...] = ()

    def of(self, *gaps: Gap) -> tuple[Unseen, ...]:
        """What was not seen in some ways."""
        return tuple(one for one in self.unseen if one.gap in gaps)

    def calls(self, *gaps: Gap) -> int:
        """How many calls some gaps are known to touch."""
        return sum(one.calls or 0 for one in self.of(*gaps))

    @property
    def gaps(self) -> frozenset[Gap]:
        """The ways in which something was not seen."""
        return frozenset(one.gap for one in self.unseen)

    @property
    def texts(self) -> tuple[str, ...]:
        """What was not seen, in sentences."""
        return tuple(one.text for one in self.unseen if one.text)

    @property
    def leaves_undecided(self) -> bool:
        """The law: whether too little was seen for any verdict but an error.

        That is so beside any gap in the recording; and where calls of the recording were left out, unless `LEAST_SHARE` of those
        that could be compared were, or `LEAST_CALLS`. What is outside of the circuits leaves no doubt of what is inside of them: a
        probe that is missing is said, and decides nothing.
        """
        if self.gaps & LOST:
            return True
        left_out = self.calls(*LEFT_OUT)
        return bool(left_out) and self.compared < min(LEAST_CALLS, LEAST_SHARE * (self.compared + left_out))


def event_of(gap: Gap) -> str:
    """The kind of the trace's event that says that something was not seen."""
    return _EVENT + gap.value


def gap_of(event: str) -> Optional[Gap]:
    """The gap that an event of some kind is of; None where it is none."""
    known = {event_of(gap): gap for gap in Gap}
    return known.get(event)
