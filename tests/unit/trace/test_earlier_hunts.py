"""Hunts of before: named by folder, by file and by release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qdiag.errors import TraceError, UsageError
from qdiag.trace.earlier_hunts import earlier_hits

HIT = ["default.qubit", "RX", "probs", "", "adjoint"]


def written(folder: Path, record: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "hunt.json").write_text(json.dumps(record))
    return folder


def hunt(release: str = "0.45.1", *hits: list[str]) -> dict[str, Any]:
    return {"environment": {"packages": {"pennylane": release}}, "finds": [{"hits": list(hits)}]}


def test_a_hunt_is_named_by_its_folder_or_its_file(tmp_path: Path) -> None:
    folder = written(tmp_path / "hunt-1", hunt("0.45.1", HIT))
    assert earlier_hits(str(folder)) == earlier_hits(str(folder / "hunt.json")) == {tuple(HIT)}


def test_a_release_names_the_last_hunt_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "qdiag-runs" / "hunt-1", hunt("0.44.0", HIT))
    written(tmp_path / "qdiag-runs" / "hunt-2", hunt("0.45.1"))
    assert earlier_hits("0.44.0") == {tuple(HIT)}
    assert earlier_hits("0.45.1") == frozenset()
    with pytest.raises(UsageError, match=r"no hunt '0\.43\.0'"):
        earlier_hits("0.43.0")


@pytest.mark.parametrize("record", [[], {}, {"finds": 3}, {"finds": [{"hits": [["too", "short"]]}]}])
def test_what_is_no_hunt_is_said(record: Any, tmp_path: Path) -> None:
    with pytest.raises(TraceError):
        earlier_hits(str(written(tmp_path / "hunt-1", record)))
