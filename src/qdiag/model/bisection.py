"""Which release broke something, and which one mended it, as a value: what each release answered, and what follows from that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Optional


class Answer(str, Enum):
    """What a script answers on a release.

    ``BAD``: the fault is there, by the script's own verdict. ``GOOD``: it is not. ``CANNOT``: the release cannot run the script, or not
    in time. ``NOT_INSTALLED``: the release itself cannot be had here.
    """

    BAD = "bad"
    GOOD = "good"
    CANNOT = "cannot run"
    NOT_INSTALLED = "not installed"

    @property
    def decides(self) -> bool:
        """Whether it says something of the fault."""
        return self in (Answer.BAD, Answer.GOOD)


@dataclass(frozen=True)
class Asked:
    """A release that was asked.

    Parameters
    ----------
    release
        Its version.
    answer
        What came of it.
    words
        Why it cannot, or what the script says where its verdict is a sentence.
    difference
        How far the script's two sides are apart there, where it prints that.
    rows
        What the script prints of its sides: labels, and numbers in a row.
    seconds
        Processor time of the script, with its imports.
    installing
        Seconds of installing; None where the release was at hand.
    disk
        Bytes of the release's files, also of those that it shares with others.
    remembered
        Whether the answer is that of an earlier bisection.
    """

    release: str
    answer: Answer
    words: str = ""
    difference: Optional[float] = None
    rows: tuple[tuple[str, tuple[float, ...]], ...] = ()
    seconds: float = 0.0
    installing: Optional[float] = None
    disk: int = 0
    remembered: bool = False


@dataclass(frozen=True)
class Span:
    """The releases between which a fault is there.

    Parameters
    ----------
    first_bad, last_bad
        The oldest and the newest that were seen to have it.
    last_good
        The newest before that has it not; None where no older release answers.
    first_fixed
        The oldest after that has it not; None where there is none.
    earlier, again
        The newest before that had it, too, and the oldest after that has it again, where any was seen.
    """

    first_bad: str
    last_bad: str
    last_good: Optional[str] = None
    first_fixed: Optional[str] = None
    earlier: Optional[str] = None
    again: Optional[str] = None


@dataclass(frozen=True)
class Bisection:
    """All that was asked, and what it comes to.

    Parameters
    ----------
    package
        Whose releases were asked.
    script
        The script, as the user knows it.
    known
        The release on which the fault is said to be.
    releases
        All releases between which was searched, the oldest first.
    asked
        Those that were asked, in that order.
    span
        What follows; None where nothing does.
    held
        What stayed as it is: other packages and their versions.
    python
        The version of Python.
    missing
        Releases that were left out because nothing may be downloaded.
    others
        Releases that are bad by other numbers than the known one: it may be another fault there.
    seconds
        What it took.
    interrupted
        Whether Ctrl-C ended it.
    """

    package: str
    script: str
    known: str
    releases: tuple[str, ...]
    asked: tuple[Asked, ...] = ()
    span: Optional[Span] = None
    held: tuple[tuple[str, str], ...] = ()
    python: str = ""
    missing: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False

    def of(self, release: str) -> Optional[Asked]:
        """What a release answered."""
        return next((one for one in self.asked if one.release == release), None)

    def between(self, older: str, newer: str) -> tuple[str, ...]:
        """The releases between two, without these."""
        return self.releases[self.releases.index(older) + 1 : self.releases.index(newer)]

    @property
    def skipped(self) -> tuple[Asked, ...]:
        """Those that said nothing of the fault, the oldest first."""
        found = [one for one in self.asked if not one.answer.decides]
        return tuple(sorted(found, key=lambda one: self.releases.index(one.release)))

    @property
    def installs(self) -> int:
        """How many releases were installed for it."""
        return sum(one.installing is not None for one in self.asked)
