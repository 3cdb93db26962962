"""From what a detector has found to a remark: the calls, places, QNodes and other people's warnings that belong to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qdiag.diagnosis.cause import Cause
from qdiag.diagnosis.training.history import History
from qdiag.model.call import SourceLine
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Evidence
from qdiag.model.remarks import Remark
from qdiag.model.training import NOWHERE

_SPOTS = (
    "no trainable parameters",
    "seems independent of input",
    "does not require grad",
    "not a leaf Tensor",
    "no trainable",
    "copy construct from a tensor",
)
"""Words of PennyLane's, autograd's and torch's own warnings about graphs that are not there."""

MOST_NAMES = 4
"""Parameters that are named one by one."""


def remark(
    history: History,
    cause: Cause,
    because: str,
    *,
    calls: Sequence[int] = (),
    places: Iterable[SourceLine] = (),
    evidence: tuple[Evidence, ...] = (),
    proved: bool = False,
    step: int = 0,
    remedy: str = "",
) -> Remark:
    """A remark about some calls and lines; an error where an experiment has proved it."""
    indices = tuple(index for index in calls if 0 <= index < len(history.recording))
    confidence = Confidence.CONFIRMED if proved else Confidence.LIKELY
    return Remark(
        verdict=Verdict.ERROR if proved else Verdict.REMARK,
        where=Signature.VJP,
        diagnosis=cause.diagnosis(confidence, because, remedy=remedy, evidence=evidence),
        call=history.recording.call(indices[0]) if indices else None,
        calls=indices,
        step=step,
        places=_distinct(places),
        qnodes=qnodes_of(history, indices),
        warnings=spotted(history),
    )


def _distinct(places: Iterable[SourceLine]) -> tuple[SourceLine, ...]:
    """Places, each line once, under whichever function it was named first."""
    found: dict[str, SourceLine] = {}
    for place in places:
        if place != NOWHERE:
            found.setdefault(str(place), place)
    return tuple(found.values())


def qnodes_of(history: History, calls: Iterable[int]) -> tuple[str, ...]:
    """Names of the QNodes of some calls, each once."""
    return tuple(dict.fromkeys(history.recording.call(index).configuration.qnode for index in calls))


def spotted(history: History) -> tuple[str, ...]:
    """The frameworks' own warnings that name such a spot, each once."""
    shown = [event.text for event in history.recording.events if event.kind in ("shown", "backward warning")]
    return tuple(dict.fromkeys(text for text in shown if any(words in text for words in _SPOTS)))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) > MOST_NAMES:
        return f"{', '.join(distinct[:MOST_NAMES])} and {len(distinct) - MOST_NAMES} more"
    return " and ".join([", ".join(distinct[:-1]), distinct[-1]] if len(distinct) > 1 else distinct)
