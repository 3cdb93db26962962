"""Hunts of before: where one is, by its folder, its file or the release of PennyLane that it was about, and the hits that it had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qdiag.errors import TraceError, UsageError
from qdiag.trace.cells_file import MOST
from qdiag.trace.run_folder import RUNS, RunFolder

HitKey = tuple[str, ...]
"""Device, operation, measurement, variation, method."""


def earlier_hits(named: str) -> frozenset[HitKey]:
    """The hits of the hunt that a user names.

    Parameters
    ----------
    named
        The folder of a hunt, its hunt.json, or a release of PennyLane: then the last hunt of it below ``qdiag-runs/``.

    Raises
    ------
    UsageError
        If there is no such hunt.
    TraceError
        If it cannot be read, or is none.
    """
    path = Path(named)
    if path.is_dir():
        return _hits(_read(RunFolder(path).hunt))
    if path.exists():
        return _hits(_read(path))
    try:
        files = sorted(Path(RUNS).glob("*/hunt.json"), key=lambda one: one.stat().st_mtime, reverse=True)
    except OSError:
        files = []
    for file in files:
        record = _read(file)
        if _release(record) == named:
            return _hits(record)
    raise UsageError(f"there is no hunt '{named}'", "name the folder of a hunt, or a release of PennyLane that was hunted from here")


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TraceError(f"cannot read {path}: {error}", "name the folder of an earlier hunt") from None
    if not isinstance(record, dict) or not isinstance(record.get("finds"), list):
        raise TraceError(f"{path} is no hunt", "name the folder of an earlier hunt")
    return record


def _release(record: dict[str, Any]) -> str:
    environment = record.get("environment")
    packages = environment.get("packages") if isinstance(environment, dict) else None
    return str(packages.get("pennylane", "")) if isinstance(packages, dict) else ""


def _hits(record: dict[str, Any]) -> frozenset[HitKey]:
    hits = [hit for find in record["finds"] if isinstance(find, dict) for hit in find.get("hits") or ()]
    if len(hits) > MOST or not all(isinstance(hit, list) and len(hit) == 5 for hit in hits):
        raise TraceError("the hits of the earlier hunt cannot be read", "write it anew with: qdiag hunt")
    return frozenset(tuple(str(part) for part in hit) for hit in hits)
