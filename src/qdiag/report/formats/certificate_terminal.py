"""The summary of a certificate on a terminal: the verdict, the faults a line each, where the rest is."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from qdiag.report.certificate_outline import CertificatePage, FaultChapter
from qdiag.report.content.figures import count
from qdiag.report.formats.terminal import Speak, facts_grid, print_lines, speaker, verdict_line
from qdiag.report.outline import Fact

MOST = 12
"""So many faults have a line of their own; all are in the files."""


def render(page: CertificatePage, console: Console, *, verbose: bool = False) -> None:
    """Print the summary; ``verbose`` shows every fault."""
    print_lines(console, Group(*_parts(page, speaker(console), verbose)))


def _parts(page: CertificatePage, speak: Speak, verbose: bool) -> Iterator[RenderableType]:
    yield Padding(speak(page.title), (0, 0, 0, 1), expand=False)
    yield Text("")
    yield Padding(verdict_line(page.verdict, page.sentence, speak), (0, 0, 0, 1), expand=False)
    yield facts_grid(page.facts, speak)
    shown = page.faults if verbose else page.faults[:MOST]
    if shown:
        yield Text("")
        yield facts_grid(tuple(Fact(str(number), _line(fault)) for number, fault in enumerate(shown, 1)), speak)
    if len(page.faults) > len(shown):
        yield facts_grid((Fact("", f"and {len(page.faults) - len(shown)} more"),), speak)
    if page.worse is not None:
        rows = [f"{circuit} under {method}: {after}, was {before}" for circuit, method, before, after in page.worse.rows[:MOST]]
        yield facts_grid(tuple(Fact(page.worse.title.split()[0].lower(), row) for row in rows or [page.worse.note]), speak)
    counts = tuple(Fact(table.title.lower(), count(len(table.rows), "kind")) for table in page.tables)
    yield facts_grid((*counts, *((Fact("wrote", page.wrote),) if page.wrote else ())), speak)
    for note in page.notes:
        yield Padding(speak(note, "dim"), (0, 0, 0, 1), expand=False)


def _line(fault: FaultChapter) -> str:
    facts = {fact.label: fact.text for fact in fault.facts}
    size = f", off by {facts['size'].partition(';')[0]}" if "size" in facts else ""
    return f"{fault.title}{size}; {facts['cause']}"
