"""The summary on a terminal: it fits a screen of 80 columns, and says the same without colour and in a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from qdiag.report.outline import Chapter, Document, Fact, Table, Trainings

COLOURS = {"AGREE": "green", "REMARK": "magenta", "ROUNDING": "cyan", "ERROR": "red", "INCONCLUSIVE": "yellow"}
IN_FULL = 2
"""Findings that are shown in full; of the others there is a line each."""


class Speak(Protocol):
    """Makes a text for the console at hand."""

    def __call__(self, text: str, style: str = "") -> Text:
        """The text in a style."""


_LABELS = (
    *("where", "first", "worst", "seen", "says", "warns", "arbiter"),
    *("cause", "in", "because", "remedy", "minimal", "varied", "repro"),
)
_PLAIN = str.maketrans({"·": "-", "→": "->", "×": "x", "−": "-", "–": "-", "…": "...", "⟨": "<", "⟩": ">", "≥": ">=", "≤": "<="})


def render(document: Document, console: Console, *, verbose: bool = False) -> None:
    """Print the summary.

    Parameters
    ----------
    document
        The report.
    console
        Where to: its width and colours are respected.
    verbose
        Also show every experiment and every refusal.
    """
    print_lines(console, Group(*_parts(document, console, verbose)))


def print_lines(console: Console, shown: RenderableType) -> None:
    """Print something; in a file or a pipe no line ends in blanks, which tables are filled up with."""
    if console.is_terminal:
        console.print(shown, soft_wrap=False)
        return
    with console.capture() as captured:
        console.print(shown, soft_wrap=False)
    lines = (line.rstrip() for line in captured.get().split("\n"))
    console.print(Text("\n".join(lines)), soft_wrap=True, end="")


def _parts(document: Document, console: Console, verbose: bool) -> Iterator[RenderableType]:
    speak = speaker(console)
    yield Padding(speak(document.recorded), (0, 0, 0, 1), expand=False)
    yield Text("")
    yield Padding(verdict_line(document.verdict, document.sentence, speak), (0, 0, 0, 1), expand=False)
    full = document.chapters if verbose else document.chapters[:IN_FULL]
    for chapter in full:
        if heading := _heading(chapter, document):
            yield Text("")
            yield Padding(speak(heading, "bold"), (0, 0, 0, 3), expand=False)
        yield facts_grid(_screen_facts(chapter), speak)
        if verbose:
            yield from _details(chapter, speak)
    for chapter in document.chapters[len(full) :]:
        yield Padding(speak(f"{chapter.number}  {chapter.verdict}  {chapter.sentence} {chapter.code}"), (0, 0, 0, 3), expand=False)
    if document.trainings:
        yield from _trainings(document.trainings, speak, verbose)
    yield facts_grid(_ending(document, verbose), speak)
    for note in document.notes:
        yield Padding(speak(note, "dim"), (0, 0, 0, 1), expand=False)


def _heading(chapter: Chapter, document: Document) -> str:
    """What stands above a chapter: nothing where the verdict's own sentence has told of it, and is all that there is."""
    if len(document.chapters) > 1:
        return f"{chapter.number}  {chapter.verdict}  {chapter.title}"
    return "" if chapter.sentence in document.sentence else f"{chapter.verdict}  {chapter.sentence}"


def speaker(console: Console) -> Speak:
    """Makes texts, in plain characters where the stream has no others."""
    table = {} if "utf" in (console.encoding or "").lower() else _PLAIN

    def speak(text: str, style: str = "") -> Text:
        return Text(text.translate(table), style=style)

    return speak


def verdict_line(word: str, sentence: str, speak: Speak) -> RenderableType:
    """A verdict beside its sentence."""
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(speak(word, f"bold {COLOURS.get(word, 'white')}"), speak(sentence, "bold"))
    return grid


def _screen_facts(chapter: Chapter) -> tuple[Fact, ...]:
    """The facts that a screen has room for; of what only twin runs show, their own section says why and what to do."""
    facts = {fact.label: fact for fact in chapter.facts}
    known = tuple(Fact("known", f"{fact.label}: {fact.text}") for fact in chapter.known)
    told = ("because", "remedy") if chapter.of_training else ()
    return (*(facts[label] for label in _LABELS if label in facts and label not in told), *known)


def _ending(document: Document, verbose: bool) -> tuple[Fact, ...]:
    ended = next((fact.text for fact in document.script if fact.label == "ended"), "")
    said = ended in document.sentence or any(chapter.fact("says") == ended for chapter in document.chapters)
    facts = [Fact("script", ended if document.script_failure and not said else "")]
    facts += [Fact("wrote", document.wrote), Fact("next", _next(document))]
    if verbose and document.refused:
        facts += [Fact("refused", f"{method}: {words}") for method, words in document.refused.rows]
    if verbose and document.unanswered:
        facts += [Fact(why, f"{method} at {calls}: {words}") for method, why, calls, words in document.unanswered.rows]
    return tuple(fact for fact in facts if fact.text)


def _next(document: Document) -> str:
    step = document.next_step
    return "" if step is None else f"{step.shell_line}   {step.reason}"


def facts_grid(facts: tuple[Fact, ...], speak: Speak) -> RenderableType:
    """Labels in a column, what is said under each beside it."""
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    for fact in facts:
        grid.add_row(speak(fact.label, "dim"), speak(fact.text))
    return Padding(grid, (0, 0, 0, 3), expand=False)


def _trainings(shown: Trainings, speak: Speak, verbose: bool) -> Iterator[RenderableType]:
    for table in (shown.losses, shown.growth, shown.thresholds if verbose else None):
        if table:
            yield table_grid(table, speak)
            yield Padding(speak(table.note, "dim"), (0, 0, 0, 3), expand=False)
    facts = [Fact("why" if number == 0 else "", sentence) for number, sentence in enumerate(shown.sentences[1:])]
    facts += [Fact("events" if number == 0 else "", turn) for number, turn in enumerate(shown.turns)]
    facts += [Fact("to do" if number == 0 else "", line) for number, line in enumerate(shown.advice)]
    yield facts_grid(tuple(facts), speak)


def table_grid(table: Table, speak: Speak) -> RenderableType:
    """A table below its titles."""
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in table.header:
        grid.add_column(speak(title), overflow="fold")
    for row in table.rows:
        grid.add_row(*(speak(cell) for cell in row))
    return Padding(grid, (1, 0, 0, 3), expand=False)


def _details(chapter: Chapter, speak: Speak) -> Iterator[RenderableType]:
    if chapter.evidence:
        yield table_grid(chapter.evidence, speak)
    if chapter.raised:
        yield facts_grid(tuple(Fact("raises", f"{method}: {words}") for method, words in chapter.raised.rows), speak)
