"""A bisection on a terminal: what it comes to, and the releases that were asked, a line each."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from qdiag.report.content.bisection import BisectionPage
from qdiag.report.formats.terminal import facts_grid, print_lines, speaker, table_grid


def render(page: BisectionPage, console: Console) -> None:
    """Print it."""
    print_lines(console, Group(*_parts(page, console)))


def _parts(page: BisectionPage, console: Console) -> Iterator[RenderableType]:
    speak = speaker(console)
    yield Padding(speak(page.title), (0, 0, 0, 1), expand=False)
    yield Text("")
    yield Padding(speak(page.sentence, "bold"), (0, 0, 0, 1), expand=False)
    yield facts_grid(page.facts, speak)
    if page.asked.rows:
        yield table_grid(page.asked, speak)
    for note in page.notes:
        yield Padding(speak(note, "dim"), (0, 0, 0, 1), expand=False)
