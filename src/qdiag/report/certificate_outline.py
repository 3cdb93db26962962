"""The outline of a certificate, or of a hunt: what every format of it shows, already worded. Renderers lay out and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdiag.report.outline import Code, Drawing, Fact, Table


@dataclass(frozen=True)
class Tile:
    """A field of the matrix: a mark of one or two characters, what stands behind it, its kind, and the fault that it leads to."""

    mark: str
    words: str
    kind: str
    fault: str = ""


@dataclass(frozen=True)
class Matrix:
    """Rows of tiles under columns."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Tile, ...]], ...]


@dataclass(frozen=True)
class FaultChapter:
    """A fault: what is wrong, why, the smallest circuit that shows it, and where else it shows."""

    title: str
    facts: tuple[Fact, ...]
    circuit: Drawing | None = None
    script: Code | None = None
    others: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class CertificatePage:
    """All of it; ``record`` is the same for machines, ``badge`` a line for a README, ``heading`` stands above the faults."""

    title: str
    verdict: str
    sentence: str
    facts: tuple[Fact, ...]
    matrices: tuple[Matrix, ...]
    legend: str
    faults: tuple[FaultChapter, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    environment: tuple[Fact, ...]
    badge: str
    version: str
    record: dict[str, Any]
    wrote: str = ""
    worse: Table | None = None
    heading: str = "Silent faults"
