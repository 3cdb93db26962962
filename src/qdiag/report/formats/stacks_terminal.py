"""Two stacks on a terminal: what they come to, and a paragraph for each circuit that changed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from qdiag.report.content.two_stacks import StacksPage
from qdiag.report.formats.terminal import facts_grid, print_lines, speaker, verdict_line
from qdiag.report.outline import Fact


def render(page: StacksPage, console: Console) -> None:
    """Print it."""
    print_lines(console, Group(*_parts(page, console)))


def _parts(page: StacksPage, console: Console) -> Iterator[RenderableType]:
    speak = speaker(console)
    yield Padding(speak(page.title), (0, 0, 0, 1), expand=False)
    yield Text("")
    yield Padding(verdict_line(page.verdict, page.sentence, speak), (0, 0, 0, 1), expand=False)
    yield facts_grid(page.facts, speak)
    for change in page.changes:
        yield Text("")
        yield Padding(speak(change.title, "bold"), (0, 0, 0, 3), expand=False)
        yield facts_grid((Fact("what", change.sentence), *change.facts), speak)
    for note in page.notes:
        yield Padding(speak(note, "dim"), (0, 0, 0, 1), expand=False)
