"""The runs below a folder, and which of them may go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from qdiag.errors import OutputError
from qdiag.model.call import Script
from qdiag.trace.connection import single_file
from qdiag.trace.run_list import FILES, Listed, delete, list_runs, older_than_newest
from qdiag.trace.writer import create


def a_run(parent: Path, name: str, moment: float, findings: str = '{"verdict": "error"}') -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    create(folder / "trace.qdiag", Script("train.py"))
    single_file(folder / "trace.qdiag")
    if findings:
        (folder / "findings.json").write_text(findings)
    for path in folder.iterdir():
        os.utime(path, (moment, moment))
    return folder


def test_runs_come_with_the_newest_first_and_their_verdicts(tmp_path: Path) -> None:
    a_run(tmp_path, "train-1", 100.0)
    a_run(tmp_path, "train-2", 300.0, '{"verdict": "agree"}')
    a_run(tmp_path, "other-1", 200.0, "")
    (tmp_path / "no run").mkdir()
    found = list_runs(tmp_path)
    assert [(run.path.name, run.verdict, run.calls, run.changed) for run in found] == [
        ("train-2", "agree", 0, 300.0),
        ("other-1", "not judged", 0, 200.0),
        ("train-1", "error", 0, 100.0),
    ]
    assert all(run.size > 1000 for run in found)


@pytest.mark.parametrize("findings", ["{", "[]", '{"verdict": "\\u001b[31m"}', '{"verdict": ["error"]}', "[" * 100_000])
def test_what_is_no_verdict_is_none(tmp_path: Path, findings: str) -> None:
    a_run(tmp_path, "train-1", 100.0, findings)
    assert list_runs(tmp_path)[0].verdict == "not judged"


def test_a_file_that_is_no_trace_has_no_calls(tmp_path: Path) -> None:
    folder = a_run(tmp_path, "train-1", 100.0)
    (folder / "trace.qdiag").write_bytes(b"no trace")
    assert list_runs(tmp_path)[0].calls == 0


def test_no_folder_holds_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == ()


def listed(name: str) -> Listed:
    return Listed(Path(name), "agree", 1, 1, 0.0)


def test_the_newest_runs_of_each_script_stay() -> None:
    runs = [listed(name) for name in ("train-10", "train-9", "twin-train-1", "train-2", "my-2-3", "my-2-1")]
    assert [run.path.name for run in older_than_newest(runs, 1)] == ["train-9", "train-2", "my-2-1"]
    assert [run.path.name for run in older_than_newest(runs, 2)] == ["train-2"]
    assert older_than_newest(runs, 0) == tuple(runs)


def test_a_deleted_run_is_gone_and_nothing_beside_it(tmp_path: Path) -> None:
    gone, kept = a_run(tmp_path, "train-1", 1.0), a_run(tmp_path, "train-2", 2.0)
    delete([run for run in list_runs(tmp_path) if run.path == gone])
    assert (gone.exists(), kept.exists()) == (False, True)


def test_a_link_to_a_folder_elsewhere_is_no_run(tmp_path: Path) -> None:
    elsewhere = a_run(tmp_path / "elsewhere", "train-1", 1.0)
    (tmp_path / "runs").mkdir()
    os.symlink(elsewhere, tmp_path / "runs" / "train-1")
    assert list_runs(tmp_path / "runs") == ()


def test_what_cannot_be_deleted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(OutputError, match="cannot delete train-1: Permission denied"):
        delete([listed("train-1")])


def test_every_file_is_said_to_be_something_once() -> None:
    assert len({name for name, _ in FILES}) == len(FILES)
    assert all(meaning for _, meaning in FILES)
