"""A zip that GitHub takes: texts of the redacted report; the trace only when asked for."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from qdiag.errors import OutputError
from qdiag.report.formats import bundle
from tests.worlds.results import CASES


def test_a_bundle_holds_the_trace_only_when_asked(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    trace.write_bytes(b"data")
    files = bundle.contents(CASES["shifted"]().document())
    assert set(files) == {"findings.json", "report.md", "issue.md", "repro.py", "circuit.txt"}
    for given, held in ((None, False), (trace, True)):
        bundle.write(tmp_path / "b.zip", files, given)
        with zipfile.ZipFile(tmp_path / "b.zip") as opened:
            assert ("trace.qdiag" in opened.namelist()) is held


def test_a_bundle_of_the_same_report_is_the_same_file(tmp_path: Path) -> None:
    files = bundle.contents(CASES["shifted"]().document())
    for name in ("one.zip", "other.zip"):
        bundle.write(tmp_path / name, files)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_it_says_nothing_of_when_and_by_whom_it_was_made(tmp_path: Path) -> None:
    bundle.write(tmp_path / "b.zip", bundle.contents(CASES["shifted"]().document()))
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert [info.filename for info in opened.infolist()] == sorted(opened.namelist())


def test_it_is_about_the_finding_that_is_asked_for() -> None:
    document = CASES["shifted"]().document()
    first, second = (bundle.contents(document, number) for number in (1, 2))
    assert first["issue.md"] != second["issue.md"]
    assert "repro.py" in first
    assert "repro.py" not in second


def test_without_a_finding_it_is_the_report_alone() -> None:
    assert set(bundle.contents(CASES["healthy"]().document())) == {"findings.json", "report.md"}


def test_the_circuit_is_the_minimal_one_where_there_is_one() -> None:
    document = CASES["moons"]().document()
    assert "2 operations" in bundle.contents(document)["circuit.txt"]
    whole = replace(document, chapters=(replace(document.chapters[0], after=None),))
    assert "7 operations" in bundle.contents(whole)["circuit.txt"]


def test_one_that_github_does_not_take_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "LARGEST", 100)
    with pytest.raises(OutputError, match="larger than") as caught:
        bundle.write(tmp_path / "b.zip", bundle.contents(CASES["shifted"]().document()))
    assert "trace" in caught.value.cure


@pytest.mark.parametrize("trace", [False, True])
def test_where_it_cannot_be_written_or_read_that_is_said(tmp_path: Path, trace: bool) -> None:
    path = tmp_path / ("b.zip" if trace else "no folder/b.zip")
    with pytest.raises(OutputError, match="cannot write"):
        bundle.write(path, {"report.md": "text"}, tmp_path / "gone" if trace else None)
