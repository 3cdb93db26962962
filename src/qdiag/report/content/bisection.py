"""What a bisection says: the first release with the fault, the last without it, the first that is mended, and what was asked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Optional

from qdiag._version import __version__
from qdiag.model.bisection import Answer, Asked, Bisection, Span
from qdiag.report.content.figures import NOTHING, count, gap, listing, seconds, short_line
from qdiag.report.outline import Fact, Table

NAMES = {"pennylane": "PennyLane"}
"""How packages are written in sentences."""

MOST_WORDS = 90
"""Characters of why a release says nothing."""

WORDS = {
    Answer.BAD: "bad",
    Answer.GOOD: "good",
    Answer.CANNOT: "cannot run",
    Answer.NOT_INSTALLED: "not installed",
}


@dataclass(frozen=True)
class BisectionPage:
    """A bisection in words; ``record`` is the same for machines."""

    title: str
    sentence: str
    facts: tuple[Fact, ...]
    asked: Table
    notes: tuple[str, ...]
    record: dict[str, Any]


def page(found: Bisection, *, wrote: str = "") -> BisectionPage:
    """A bisection in words.

    Parameters
    ----------
    found
        What was found.
    wrote
        Where the record is.
    """
    sentence = _sentence(found)
    return BisectionPage(
        title=f"bisect {found.package}: {found.script}",
        sentence=sentence,
        facts=tuple(_facts(found, wrote)),
        asked=_table(found),
        notes=tuple(_notes(found)),
        record=_record(found, sentence),
    )


def _sentence(found: Bisection) -> str:
    span, name = found.span, NAMES.get(found.package, found.package)
    if found.interrupted:
        return "Interrupted before it was known. The same command goes on: what was asked is kept."
    if span is None:
        known = found.of(found.known)
        if known is None or not known.answer.decides:
            why = f": {short_line(known.words, MOST_WORDS)}" if known else ""
            return f"Nothing to search from: {name} {found.known} cannot tell whether the fault is there{why}."
        return f"Nothing to search from: the script does not show its fault on {name} {found.known}."
    told = [_begins(span, name, found), _ends(span, name, found)]
    told += [f"{span.earlier} had it, too."] if span.earlier else []
    told += [f"{span.again} has it again."] if span.again else []
    return " ".join(told)


def _begins(span: Span, name: str, found: Bisection) -> str:
    if span.last_good is None:
        if span.first_bad == found.releases[0]:
            return f"{name} {span.first_bad}, the oldest that was asked, has it already."
        return f"{name} {span.first_bad} has it, and no older release answers."
    silent = found.between(span.last_good, span.first_bad)
    if silent:
        between = f"{name} broke it between {span.last_good}, which has it not, and {span.first_bad}"
        return f"{between}; none that was asked between them can tell."
    return f"{name} {span.first_bad} broke it: {span.last_good} has it not."


def _ends(span: Span, name: str, found: Bisection) -> str:
    if span.first_fixed is None:
        if span.last_bad == found.releases[-1]:
            return f"{span.last_bad}, the newest, still has it."
        return f"{span.last_bad} has it still, and no newer release answers."
    silent = found.between(span.last_bad, span.first_fixed)
    return f"{span.first_fixed} mended it." if not silent else f"It was mended between {span.last_bad} and {span.first_fixed}."


def _facts(found: Bisection, wrote: str) -> Iterable[Fact]:
    span = found.span
    if span is not None:
        yield Fact("first bad", span.first_bad)
        yield Fact("last good", span.last_good or "none that answers")
        yield Fact("first fixed", span.first_fixed or "none")
    held = [f"{NAMES.get(name, name)} {version}" for name, version in found.held]
    yield Fact("beside it", ", ".join([*held, f"Python {found.python}"]))
    remembered = sum(one.remembered for one in found.asked)
    told = [f"{len(found.asked)} of {count(len(found.releases), 'release')}"]
    told += [f"{remembered} from earlier answers"] if remembered else []
    told += [f"{found.installs} installed now"] if found.installs else []
    yield Fact("asked", f"{', '.join(told)}, in {seconds(found.seconds)}")
    if wrote:
        yield Fact("wrote", wrote)


def _table(found: Bisection) -> Table:
    rows = []
    for one in sorted(found.asked, key=lambda one: found.releases.index(one.release)):
        apart = NOTHING if one.difference is None else gap(one.difference)
        installing = NOTHING if one.installing is None else seconds(one.installing)
        rows.append((one.release, WORDS[one.answer], apart, installing, seconds(one.seconds) if one.seconds else NOTHING))
    return Table("Asked", (found.package, "answer", "apart by", "installing", "running"), tuple(rows))


def _notes(found: Bisection) -> Iterable[str]:
    reasons: dict[tuple[Answer, str], list[str]] = {}
    for one in found.skipped:
        reasons.setdefault((one.answer, short_line(one.words, MOST_WORDS)), []).append(one.release)
    for (answer, words), releases in reasons.items():
        what = "cannot be installed" if answer is Answer.NOT_INSTALLED else "cannot run the script"
        yield f"{listing(releases)} {what}: {words}"
    if found.others:
        yield (
            f"On {listing(found.others)} both sides of the script give other numbers than on {found.known}: "
            "it may be another fault there. Compare what the script prints."
        )
    if found.missing:
        yield f"Not in the cache, and not asked: {', '.join(found.missing)}."


# --- for machines -----------------------------------------------------------------------------------------------------------------


def _record(found: Bisection, sentence: str) -> dict[str, Any]:
    """bisect.json, schema 1: fields may be added, never renamed. Strict: a number that is none is null."""
    span = found.span
    return {
        "schema": 1,
        "qdiag": __version__,
        "package": found.package,
        "script": found.script,
        "known": found.known,
        "sentence": sentence,
        "first_bad": span.first_bad if span else None,
        "last_good": span.last_good if span else None,
        "last_bad": span.last_bad if span else None,
        "first_fixed": span.first_fixed if span else None,
        "earlier": span.earlier if span else None,
        "again": span.again if span else None,
        "between": list(found.between(span.last_good, span.first_bad)) if span and span.last_good else [],
        "python": found.python,
        "held": dict(found.held),
        "releases": list(found.releases),
        "missing": list(found.missing),
        "asked": [_asked(one, other=one.release in found.others) for one in found.asked],
        "installs": found.installs,
        "seconds": round(found.seconds, 1),
        "interrupted": found.interrupted,
    }


def _asked(one: Asked, *, other: bool) -> dict[str, Any]:
    return {
        "release": one.release,
        "answer": one.answer.value,
        "words": one.words,
        "difference": _number(one.difference),
        "other_numbers": other,
        "seconds": round(one.seconds, 2),
        "installing": None if one.installing is None else round(one.installing, 1),
        "bytes": one.disk,
        "remembered": one.remembered,
    }


def _number(number: Optional[float]) -> Optional[float]:
    return number if number is not None and math.isfinite(number) else None
