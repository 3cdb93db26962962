"""Cells in words, as certificates and hunts show them: tiles of a matrix, places, sizes, and the cause of what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional

from qdiag.model.certificate import Cell, Standing
from qdiag.model.findings import Finding
from qdiag.model.specimen import BARE, Specimen
from qdiag.report.certificate_outline import Tile
from qdiag.report.content.drawing import drawing
from qdiag.report.content.figures import count, units
from qdiag.report.outline import Code, Drawing, Fact

MARKS = {
    Standing.WRONG: "✗",
    Standing.LOST: "☠",
    Standing.RAISED: "!",
    Standing.LATE: "…",
    Standing.EVERYWHERE: "=",
    Standing.OPEN: "?",
    Standing.EXACT: "✓",
    Standing.REFUSED: "–",
}
"""The mark of each standing, the one first that a tile shows where its cells differ."""

KINDS = {
    Standing.WRONG: "wrong",
    Standing.LOST: "broken",
    Standing.RAISED: "broken",
    Standing.LATE: "broken",
    Standing.EVERYWHERE: "elsewhere",
    Standing.OPEN: "open",
    Standing.EXACT: "right",
    Standing.REFUSED: "refused",
}

Key = tuple[str, str, str, str]
"""What a cell is known by."""

MOST_OTHERS = 12
"""So many of a fault's other circuits are named."""


def tile_of(row: Sequence[Cell], explained: frozenset[Key], anchors: Mapping[Key, str]) -> Tile:
    """One row's cells in one column; those that another fault explains do not make it red, unless there are no others."""
    cells = [cell for cell in row if cell.key not in explained] or row
    if not cells:
        return Tile("·", "not asked", "blank")
    shown = next(standing for standing in MARKS if any(cell.standing is standing for cell in cells))
    alike = [cell for cell in cells if cell.standing is shown]
    worst = max(alike, key=lambda cell: (math.isfinite(cell.error), cell.error))
    words = f"{len(alike)} of {len(cells)} {shown.value}"
    if shown is Standing.EXACT and worst.ulps:
        words += f", at most {units(max(cell.ulps for cell in alike))} ulps off"
    elif shown in (Standing.WRONG, Standing.EVERYWHERE) and worst.error:
        words += f", by up to {size_in_words(worst.error)}"
    elif worst.words:
        words += f": {worst.words}"
    if len(cells) < len(row):
        words += f"; {len(row) - len(cells)} wrong by a fault of another kind"
    return Tile(MARKS[shown], words, KINDS[shown], anchors.get(worst.key, ""))


def worst_first(row: tuple[str, tuple[Tile, ...]]) -> tuple[int, str]:
    """Rows that are wrong somewhere above those that are right, those that are refused throughout last."""
    kinds = {tile.kind for tile in row[1]}
    order = ("wrong", "broken", "elsewhere", "open", "right", "refused", "blank")
    return min(order.index(kind) for kind in kinds), row[0].lower()


def size_in_words(error: float) -> str:
    """By how much something is off."""
    return f"{error:.2g}" if math.isfinite(error) else "more than any number"


def place_of(cell: Cell) -> str:
    """What a cell asks about: operation, measurement and variation."""
    what = cell.measurement if cell.operation == BARE else f"{cell.operation}, {cell.measurement}"
    return f"{what}, {cell.variation}" if cell.variation else what


def row_name(cell: Cell) -> str:
    """The row of the matrix in which a cell stands."""
    return cell.measurement if cell.operation == BARE else cell.operation


def some_names(names: Iterable[str]) -> str:
    """Names in order, as many as can be read."""
    known = sorted(names)
    more = f" and {len(known) - MOST_OTHERS} more" if len(known) > MOST_OTHERS else ""
    return ", ".join(known[:MOST_OTHERS]) + more


def shortened(words: str) -> str:
    """Words without the numbers in them that make each of them another one."""
    return words if len(words) <= 160 else words[:159] + "…"


def facts_of(finding: Optional[Finding]) -> Iterable[Fact]:
    """The cause of what is wrong, and how small a circuit shows it."""
    if finding is None:
        yield Fact("cause", "not looked for")
        return
    diagnosis, small = finding.diagnosis, finding.minimal
    yield Fact("cause", f"{diagnosis.code} {diagnosis.title}, {diagnosis.confidence.value}")
    yield Fact("because", diagnosis.because)
    if small is not None:
        yield Fact("minimal", f"{count(small.operations, 'operation')} on {count(small.wires, 'wire')}")


def drawing_of(specimen: Optional[Specimen], finding: Optional[Finding]) -> Optional[Drawing]:
    """The smallest circuit that is known."""
    circuit = finding.minimal.circuit if finding is not None and finding.minimal is not None else None
    if circuit is None and specimen is not None:
        circuit = specimen.circuit
    return None if circuit is None else drawing(circuit)


def script_of(finding: Optional[Finding]) -> Optional[Code]:
    """The script that shows it, where there is one that does."""
    if finding is None or finding.reproducer is None or not finding.reproducer.verified:
        return None
    return Code("A script that shows it", finding.reproducer.source, note="exits 1 while it is there")


def first_of(named: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(named) - MOST_OTHERS} more" if len(named) > MOST_OTHERS else ""
    return "; ".join(named[:MOST_OTHERS]) + more
