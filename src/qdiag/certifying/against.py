"""A certificate held against an earlier one of the same device: which cells have become worse."""

from __future__ import annotations

from collections.abc import Sequence

from qdiag.model.certificate import Cell, Standing

_ORDER = {
    Standing.EXACT: 0,
    Standing.REFUSED: 1,
    Standing.RAISED: 2,
    Standing.LOST: 3,
    Standing.WRONG: 4,
}
"""From best to worst. What is not judged, too slow, or wrong everywhere says nothing of a change in the device."""

NEW = "not asked"


def worse_cells(cells: Sequence[Cell], before: Sequence[Cell]) -> tuple[tuple[Cell, str], ...]:
    """The cells that are worse than they were, each with what it was; a new one is where it is silently wrong."""
    known = {cell.key: cell for cell in before}
    found = []
    for cell in cells:
        old = known.get(cell.key)
        if old is None:
            if cell.silent:
                found.append((cell, NEW))
        elif _ORDER.get(cell.standing, -1) > _ORDER.get(old.standing, len(_ORDER)):
            found.append((cell, old.standing.value))
    return tuple(found)
