"""A certificate as Markdown, for a repository: the matrix as tables, the faults, what is refused in which words."""

from __future__ import annotations

from collections.abc import Iterator

from qdiag.report.certificate_outline import CertificatePage, FaultChapter, Matrix, Tile
from qdiag.report.content.drawing import text as drawing_text
from qdiag.report.formats.markdown import bullets, code, code_fence, inline, plain, table_text
from qdiag.report.outline import Table

WITH_WORDS = frozenset({"wrong", "broken", "elsewhere"})
"""Kinds of tiles whose words stand beside the mark: of the others the mark says all."""


def render(page: CertificatePage) -> str:
    """The whole certificate."""
    return "\n\n".join(block for block in _blocks(page) if block) + "\n"


def _blocks(page: CertificatePage) -> Iterator[str]:
    yield f"# {plain(page.title)}"
    yield f"**{plain(page.verdict)}** — {plain(page.sentence)}"
    yield bullets([f"{fact.label}: {fact.text}" for fact in page.facts])
    yield bullets(page.notes)
    if page.worse is not None:
        yield f"## {plain(page.worse.title)}"
        yield table_text(page.worse) if page.worse.rows else plain(page.worse.note)
    if page.faults:
        yield f"## {plain(page.heading)}"
    for number, fault in enumerate(page.faults, 1):
        yield from _fault(number, fault)
    for matrix in page.matrices:
        yield f"## {plain(matrix.title)}"
        yield _matrix(matrix)
    yield plain(page.legend)
    for table in page.tables:
        yield f"## {plain(table.title)}"
        yield table_text(table)
    yield "## Environment"
    yield bullets([f"{fact.label}: {fact.text}" for fact in page.environment])
    yield inline(page.badge) if page.badge else ""
    yield f"Made by qdiag {plain(page.version)}."


def _fault(number: int, fault: FaultChapter) -> Iterator[str]:
    yield f"### {number}. {plain(fault.title)}"
    yield bullets([f"{fact.label}: {fact.text}" for fact in fault.facts])
    if fault.circuit is not None:
        yield code_fence(drawing_text(fault.circuit), "text")
    if fault.script is not None:
        yield code(fault.script)
    if fault.others:
        yield f"Also: {plain(fault.others)}"


def _matrix(matrix: Matrix) -> str:
    rows = tuple((name, *map(_tile, tiles)) for name, tiles in matrix.rows)
    return table_text(Table(matrix.title, matrix.header, rows))


def _tile(tile: Tile) -> str:
    return f"{tile.mark} {tile.words}" if tile.kind in WITH_WORDS else tile.mark
