"""What a verdict is about, in words: at which calls methods were compared, and what was not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qdiag.model.coverage import Coverage, Gap
from qdiag.report.content.figures import count


def is_whole(coverage: Coverage) -> bool:
    """Whether every call was compared that the script made, as far as is known."""
    return coverage.compared >= _known_calls(coverage) or not coverage.compared


def calls_compared(coverage: Coverage) -> str:
    """Where methods were compared."""
    if is_whole(coverage):
        return "at every call replayed"
    return f"at {coverage.compared:,} of {_known_calls(coverage):,} calls"


def unseen_sentences(coverage: Coverage) -> Iterator[str]:
    """What was not seen, in a short sentence for each way; at how many calls methods were compared stands before them."""
    yield from dict.fromkeys(words(coverage) for gap, words in _SENTENCES.items() if gap in coverage.gaps)


def _known_calls(coverage: Coverage) -> int:
    return coverage.recorded + coverage.calls(Gap.UNRECORDED)


def _stopped(coverage: Coverage) -> str:
    return "The recording stopped before the script ended, and nothing is said of what came after."


def _threads(coverage: Coverage) -> str:
    return "QNodes were called from several threads at once, where PennyLane promises nothing."


def _process(coverage: Coverage) -> str:
    return "Calls of other processes are missing, and nothing is said of them."


def _unrecorded(coverage: Coverage) -> str:
    number = coverage.calls(Gap.UNRECORDED)
    return f"{count(number, 'call')} could not be recorded, and nothing is said of {'it' if number == 1 else 'these'}."


def _budget(coverage: Coverage) -> str:
    return "The budget was spent before all was looked at."


def _opaque(coverage: Coverage) -> str:
    return f"{count(coverage.calls(Gap.OPAQUE), 'call')} cannot be replayed, and nothing is said of these."


def _not_rebuilt(coverage: Coverage) -> str:
    these = count(coverage.calls(Gap.NOT_REBUILT), "call")
    return f"The device cannot be rebuilt from what is known of it, and nothing is said of {these}."


def _live(coverage: Coverage) -> str:
    return "What it ran on cannot be rebuilt from what is known of it, so the QNode was judged in the script's own process."


def _otherwise(coverage: Coverage) -> str:
    return " ".join(one.text for one in coverage.of(Gap.OTHERWISE))


def _outside(coverage: Coverage) -> str:
    outside = "Gradients outside of the circuits were"
    missing = coverage.of(Gap.NOT_PROBED)
    if not missing:
        return f"{outside} looked at only in part."
    (one, *_) = missing
    where = "" if one.calls is None or one.calls == one.of else f" in {one.calls} of {count(one.of or 0, 'QNode')}"
    return f"{outside} not looked at{where}."


def _not_watched(coverage: Coverage) -> str:
    return "Calls that were not watched are not recorded, and nothing is said of them."


def _facts(coverage: Coverage) -> str:
    return "Not all of the training around the QNodes was looked at."


_SENTENCES: dict[Gap, Callable[[Coverage], str]] = {
    Gap.STOPPED: _stopped,
    Gap.PROCESS: _process,
    Gap.UNRECORDED: _unrecorded,
    Gap.THREADS: _threads,
    Gap.OPAQUE: _opaque,
    Gap.NOT_REBUILT: _not_rebuilt,
    Gap.JUDGED_LIVE: _live,
    Gap.OTHERWISE: _otherwise,
    Gap.BUDGET: _budget,
    Gap.NOT_WATCHED: _not_watched,
    Gap.NOT_PROBED: _outside,
    Gap.PROBE_CUT: _outside,
    Gap.NO_FACTS: _facts,
}
"""In the order in which they weigh; that only the first calls were to be replayed stands in their number."""
