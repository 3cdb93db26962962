"""The outline of a report: what every format shows, already worded and formatted. Renderers lay out and compute nothing."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import Any, Optional


@dataclass(frozen=True)
class Box:
    """One gate or measurement: its column, the rows of its body and of its controls, its label."""

    column: int
    rows: tuple[int, ...]
    controls: tuple[int, ...]
    label: str
    measurement: bool = False

    @property
    def span(self) -> range:
        """All rows from the first to the last that it touches."""
        touched = self.rows + self.controls
        return range(min(touched), max(touched) + 1)


@dataclass(frozen=True)
class Drawing:
    """A circuit laid out: wires from the top, boxes in columns; ``alt`` says it in words, ``note`` what was left out."""

    wires: tuple[str, ...]
    boxes: tuple[Box, ...]
    alt: str
    note: str = ""

    @property
    def columns(self) -> int:
        """Number of columns."""
        return 1 + max((box.column for box in self.boxes), default=0)


@dataclass(frozen=True)
class Fact:
    """A label and what is to be said under it."""

    label: str
    text: str


@dataclass(frozen=True)
class Table:
    """A table of texts; ``note`` stands below it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Code:
    """A piece of text to be shown as it is: a script, a traceback; ``first`` is its first line's number, where lines have some."""

    title: str
    text: str
    language: str = "python"
    note: str = ""
    first: int = 0
    marked: tuple[int, ...] = ()

    @property
    def numbered(self) -> tuple[tuple[int, str, bool], ...]:
        """The lines with their numbers, and whether they matter; none where they have no numbers."""
        lines = self.text.splitlines() if self.first else []
        return tuple((number, line, number in self.marked) for number, line in enumerate(lines, self.first))


_STAND_IN = re.compile(r"<[a-z\-]+>")


@dataclass(frozen=True)
class NextStep:
    """What to type next, and why.

    Parameters
    ----------
    command
        Word by word, as they are typed.
    arguments
        Those that the script gets behind ``--``, as it gets them.
    reason
        What typing it is good for.
    """

    command: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    reason: str = ""

    @property
    def shell_line(self) -> str:
        """The command in one line, as a shell takes it; stand-ins for what must not leave stay readable."""
        return " ".join([*self.command, *(["--", *map(_quote, self.arguments)] if self.arguments else [])])


def _quote(word: str) -> str:
    rest = _STAND_IN.sub("x", word)
    return word if shlex.quote(rest) == rest else shlex.quote(word)


@dataclass(frozen=True)
class Station:
    """Where numbers pass on their way through a hybrid model, and in which precision; ``narrow`` where it is less than double."""

    place: str
    dtype: str
    narrow: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Curve:
    """Gaps of one method against the user's own, call by call, in units of the working precision; exact agreement is left out."""

    method: str
    calls: tuple[int, ...]
    heights: tuple[float, ...]


@dataclass(frozen=True)
class GapPlot:
    """The gap over the calls. ``bound`` is what rounding explains; ``first`` the first diverging call; ``alt`` says it in words."""

    curves: tuple[Curve, ...]
    bound: float
    unit: str
    first: Optional[int]
    alt: str


@dataclass(frozen=True)
class TrainingPlot:
    """How trainings part: distance over optimiser steps. ``controls`` become a band; ``marks`` are steps at which something happens."""

    curves: tuple[Curve, ...]
    controls: tuple[Curve, ...]
    marks: tuple[int, ...]
    alt: str


@dataclass(frozen=True)
class Trainings:
    """What twin runs show: sentences, then tables, then the plot; ``turns`` say what starts the growth, ``advice`` what to do."""

    sentences: tuple[str, ...]
    losses: Table
    thresholds: Optional[Table] = None
    growth: Optional[Table] = None
    turns: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    plot: Optional[TrainingPlot] = None


@dataclass(frozen=True)
class HeatMap:
    """The difference of two Jacobians, element by element; ``alt`` says it in words. Non-finite elements stand as nan."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: tuple[tuple[float, ...], ...]
    alt: str
    note: str = ""


@dataclass(frozen=True)
class Meaning:
    """What a cause's code means: its page, in paragraphs; ``example`` is code as it is written."""

    code: str
    title: str
    explanation: str
    example: str
    confirmed_by: str
    what_to_do: str


@dataclass(frozen=True)
class Chapter:
    """One finding.

    Parameters
    ----------
    number, title, verdict, sentence
        ``1``, a heading, the verdict's word, and the verdict in a sentence.
    facts
        First, worst, cause, because, remedy, … in the order of reading.
    results
        What each side gave at the worst element.
    evidence
        The experiments.
    before, after
        The circuit as it was called, and the minimal one.
    flow
        Where precision is lost.
    heat
        The Jacobians' difference.
    reproducer, traceback
        As text.
    excerpts
        The user's own lines that it is about.
    claim, headline, cause, element
        For people who have neither the script nor qdiag: the verdict without a call's number, a title, the cause's, and what is off.
    known
        Upstream issues that this finding matches.
    tiles
        The few figures that stand out.
    no_bug
        Why this is nothing to file as a bug of PennyLane, or "".
    of_training
        Whether the section on twin runs says already why, and what to do.
    """

    number: str
    title: str
    verdict: str
    sentence: str
    facts: tuple[Fact, ...]
    code: str = ""
    slug: str = ""
    confidence: str = ""
    blamed: str = ""
    results: Optional[Table] = None
    evidence: Optional[Table] = None
    ruled_out: str = ""
    claim: str = ""
    headline: str = ""
    cause: str = ""
    element: str = ""
    excerpts: tuple[Code, ...] = ()
    raised: Optional[Table] = None
    before: Optional[Drawing] = None
    after: Optional[Drawing] = None
    minimal: str = ""
    flow: tuple[Station, ...] = ()
    heat: Optional[HeatMap] = None
    reproducer: Optional[Code] = None
    reproducer_output: Optional[Code] = None
    traceback: Optional[Code] = None
    known: tuple[Fact, ...] = ()
    tiles: tuple[Fact, ...] = ()
    no_bug: str = ""
    of_training: bool = False

    def fact(self, label: str) -> str:
        """What is said under a label, or ""."""
        return next((fact.text for fact in self.facts if fact.label == label), "")


@dataclass(frozen=True)
class Document:
    """A whole report.

    Parameters
    ----------
    title, verdict, sentence
        A heading, the verdict's word, and the verdict in a sentence.
    recorded
        What was recorded and replayed, in one line.
    notes
        What else the reader must know: what was sampled, left out, unfaithful.
    chapters
        The findings, errors first.
    refused, unanswered, costs
        Methods that refuse, what else was not answered, and what each method took.
    gaps
        The gap over the calls.
    trainings
        What twin runs show.
    script, environment
        How the script was run and on what.
    script_failure
        The script's own exception.
    wrote, next_step
        The files written; what to type next, if anything.
    record
        The content of findings.json, already strict JSON.
    version
        That of qdiag.
    made_up
        That the numbers are made up, where they are.
    meanings
        What the codes in it mean.
    """

    title: str
    verdict: str
    sentence: str
    recorded: str
    notes: tuple[str, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    refused: Optional[Table] = None
    unanswered: Optional[Table] = None
    costs: Optional[Table] = None
    gaps: Optional[GapPlot] = None
    trainings: Optional[Trainings] = None
    script: tuple[Fact, ...] = ()
    environment: tuple[Fact, ...] = ()
    script_failure: Optional[Code] = None
    wrote: str = ""
    next_step: Optional[NextStep] = None
    version: str = ""
    made_up: str = ""
    meanings: tuple[Meaning, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)

    def with_finding(self, number: int, other: Document, place: int) -> Document:
        """The report with one finding, by its number from 0, as another report of the same run has it in a place."""
        chapters, findings = list(self.chapters), list(self.record.get("findings", []))
        chapters[number] = replace(other.chapters[place], number=self.chapters[number].number)
        findings[number] = other.record["findings"][place]
        return replace(self, chapters=tuple(chapters), record={**self.record, "findings": findings})

    def of_finding(self, number: int) -> Document:
        """The report of one finding alone, by its number from 1."""
        chapter = self.chapters[number - 1]
        record = {**self.record, "findings": self.record.get("findings", [])[number - 1 : number]}
        return replace(self, verdict=chapter.verdict, sentence=chapter.sentence, chapters=(chapter,), record=record)
