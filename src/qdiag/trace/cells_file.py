"""Cells of a certificate as text: a line each in the folder of a run, as they come, so that one that was interrupted goes on.

The same record of a cell stands in ``certificate.json``, which a later run is held against.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

from qdiag.errors import OutputError, TraceError
from qdiag.model.certificate import Cell, Standing
from qdiag.model.comparison import Signature
from qdiag.model.promise import Promise
from qdiag.model.specimen import Specimen

_TEXTS = ("operation", "core", "measurement", "variation", "column", "words")
_NUMBERS = ("error", "bound", "ulps")

MOST = 1_000_000
"""Longer lines and more cells than these are no certificate's."""


def record_of(cell: Cell) -> dict[str, Any]:
    """A cell as JSON has it: a number that is none is null."""
    record: dict[str, Any] = {name: getattr(cell, name) for name in _TEXTS}
    record.update({name: value if math.isfinite(value := getattr(cell, name)) else None for name in _NUMBERS})
    record["standing"] = cell.standing.value
    record["where"] = cell.where.value if cell.where else None
    record["promise"] = cell.promise.value if cell.promise else None
    record["asked"] = cell.asked
    if cell.place:
        record["place"] = cell.place
    return record


def cell_from(record: Any) -> Cell:
    """The cell that a record says.

    Raises
    ------
    TraceError
        If it is none.
    """
    try:
        values: dict[str, Any] = {name: str(record[name]) for name in _TEXTS}
        values.update({name: math.inf if record[name] is None else float(record[name]) for name in _NUMBERS})
        values["where"] = Signature(record["where"]) if record["where"] else None
        values["promise"] = Promise(record["promise"]) if record["promise"] else None
        return Cell(standing=Standing(record["standing"]), asked=bool(record["asked"]), place=str(record.get("place", "")), **values)
    except (KeyError, TypeError, ValueError):
        raise TraceError("a cell of the certificate cannot be read", "write it anew with: qdiag certify") from None


def read_certificate(path: Path) -> tuple[Cell, ...]:
    """The cells of a ``certificate.json``.

    Raises
    ------
    TraceError
        If it cannot be read, or is none.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceError(f"cannot read {path}: {error}", "name the certificate.json of an earlier run") from None
    cells = record.get("cells") if isinstance(record, dict) else None
    if not isinstance(cells, list) or len(cells) > MOST:
        raise TraceError(f"{path} is no certificate", "name the certificate.json of an earlier run")
    return tuple(cell_from(one) for one in cells)


class CellsFile:
    """The cells of a run, kept as they come.

    Parameters
    ----------
    path
        The file.
    about
        What they are about: of another device, or another seed, none is taken over.
    """

    def __init__(self, path: Path, about: str) -> None:
        self._path, self._about = path, about
        self._known: dict[tuple[str, str, str], list[Cell]] = {}
        self._stream: Any = None

    def __enter__(self) -> CellsFile:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
            kept = lines if lines and lines[0] == json.dumps(self._about) else []
            for line in kept[1:]:
                self._take(line)
            self._stream = self._path.open("a" if kept else "w", encoding="utf-8")
            if not kept:
                self._write([self._about])
        except OSError as error:
            raise OutputError(f"cannot write to {self._path}: {error.strerror}", "choose another folder with --out") from None
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._stream.close()

    def known(self, specimen: Specimen) -> tuple[Cell, ...]:
        """The cells of a specimen that an earlier run of the same has."""
        return tuple(self._known.get(specimen.key, ()))

    def keep(self, specimen: Specimen, cells: Iterable[Cell]) -> None:
        """Keep the cells of a specimen."""
        if specimen.key not in self._known:
            self._write([[record_of(cell) for cell in cells]])

    def _take(self, line: str) -> None:
        try:
            cells = [cell_from(record) for record in json.loads(line)]
        except (TraceError, ValueError, TypeError):
            # the last line of a run that was killed
            return
        for cell in cells:
            self._known.setdefault(cell.key[:3], []).append(cell)

    def _write(self, values: Iterable[Any]) -> None:
        for value in values:
            self._stream.write(json.dumps(value, allow_nan=False) + "\n")
        self._stream.flush()
