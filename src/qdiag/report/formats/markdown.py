"""The report as Markdown that GitHub renders: nothing wider than a page, nothing that needs HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qdiag.report.content.drawing import text as drawing_text
from qdiag.report.content.figures import ARROW
from qdiag.report.outline import Chapter, Code, Document, Fact, Station, Table, Trainings


def render(document: Document) -> str:
    """The whole report."""
    return "\n\n".join(block for block in _blocks(document) if block) + "\n"


def _blocks(document: Document) -> Iterator[str]:
    yield f"# {plain(document.title)}"
    yield f"**{plain(document.verdict)}** — {plain(document.sentence)}"
    yield plain(document.recorded)
    yield bullets(document.notes)
    for chapter in document.chapters:
        yield from _chapter(chapter)
    if document.script_failure:
        yield f"## {plain(document.script_failure.title)}"
        yield code(document.script_failure)
    for table in (document.refused, document.unanswered, document.costs):
        if table:
            yield f"## {plain(table.title)}"
            yield table_text(table)
    if document.trainings:
        yield from _trainings(document.trainings)
    if document.gaps:
        yield "## Gap over the calls"
        yield plain(document.gaps.alt)
    yield "## Environment"
    yield bullets([f"{fact.label}: {fact.text}" for fact in (*document.script, *document.environment)])
    step = document.next_step
    following = "" if step is None else f" Next: {inline(step.shell_line)} {plain(step.reason)}".rstrip()
    yield f"Made by qdiag {plain(document.version)}.{following}"


def _trainings(shown: Trainings) -> Iterator[str]:
    yield "## How the trainings part"
    yield plain(" ".join(shown.sentences))
    for table in (shown.losses, shown.thresholds, shown.growth):
        if table:
            yield f"### {plain(table.title)}"
            yield table_text(table)
    if shown.turns:
        yield "### What starts and feeds it"
        yield bullets(shown.turns)
    if shown.advice:
        yield "### What to do"
        yield bullets(shown.advice)
    if shown.plot:
        yield plain(shown.plot.alt)


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f"## {plain(chapter.number)}. {plain(chapter.title)}"
    yield f"**{plain(chapter.verdict)}** — {plain(chapter.sentence)}"
    yield facts(chapter.facts)
    yield facts(chapter.known)
    for table in (chapter.results, chapter.evidence, chapter.raised):
        if table:
            yield f"### {plain(table.title)}"
            yield table_text(table)
    if chapter.ruled_out:
        yield f"Ruled out: {plain(chapter.ruled_out)}."
    if chapter.before:
        yield "### The circuit as it was called"
        yield code_fence(drawing_text(chapter.before), "text")
    if chapter.after:
        yield f"### The minimal circuit\n\n{plain(chapter.minimal)}"
        yield code_fence(drawing_text(chapter.after), "text")
    if chapter.flow:
        yield "### Precision on the way"
        yield flow(chapter.flow)
    if chapter.heat:
        yield plain(chapter.heat.alt)
    for block in (chapter.reproducer, chapter.reproducer_output, chapter.traceback):
        if block:
            yield f"### {plain(block.title)}"
            yield code(block)


def facts(given: Sequence[Fact]) -> str:
    """Labels and texts as a list."""
    return bullets([f"{fact.label}: {fact.text}" for fact in given], bold=True)


def bullets(lines: Sequence[str], *, bold: bool = False) -> str:
    """A list; with ``bold``, what stands before the first colon is a label."""
    written = []
    for line in lines:
        label, colon, rest = line.partition(": ")
        joined = " · ".join(part for part in (rest if bold and colon else line).split("\n") if part)
        written.append(f"- **{plain(label)}**: {plain(joined)}" if bold and colon else f"- {plain(joined)}")
    return "\n".join(written)


def table_text(table: Table) -> str:
    """A table, and its note below."""
    rows = [table.header, tuple("---" for _ in table.header), *table.rows]
    lines = ["| " + " | ".join(cell if row is rows[1] else _cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + (f"\n\n{plain(table.note)}" if table.note else "")


def flow(stations: Sequence[Station]) -> str:
    """The stations in a row."""
    return f" {ARROW} ".join(f"{plain(station.place)} **{plain(station.dtype)}**" for station in stations)


def code(block: Code) -> str:
    """A piece of code with its note above."""
    note = f"{plain(block.note)}\n\n" if block.note else ""
    return note + code_fence(block.text, block.language)


def code_fence(text: str, language: str) -> str:
    """Text in a fence that is longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language if language.isalnum() else ''}\n{text.rstrip()}\n{fence}"


def inline(text: str) -> str:
    """Text as inline code, in one line, between more back-ticks than any inside it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks, blank = "`" * (longest + 1), " " if "`" in (text[:1], text[-1:]) else ""
    return f"{ticks}{blank}{' '.join(text.split())}{blank}{ticks}"


def plain(text: str) -> str:
    """Text of which Markdown makes nothing."""
    escaped = re.sub(r"([\\`*\[\]<>|~])", r"\\\1", text)
    escaped = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", escaped)
    # a number sign and digits, or an at sign and a name, would become links to issues and people
    return re.sub(r"(?<![\w/])([#@])(?=\w)", r"\1<!-- -->", " ".join(escaped.split("\n")))


def _cell(text: str) -> str:
    return plain(text) or "–"
