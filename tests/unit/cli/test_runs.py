"""``qdiag runs``: a list of runs, and how to be rid of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag.cli.runs import command
from qdiag.errors import UsageError
from tests.unit.trace.test_run_list import a_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, verdict in ((1, "error"), (2, "agree"), (3, "rounding")):
        a_run(tmp_path, f"train-{number}", 1e9 + number, f'{{"verdict": "{verdict}"}}')
    return tmp_path


def said(*words: str) -> str:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(command, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_it_lists_runs_with_verdict_calls_size_and_date(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    lines = said(".").splitlines()
    assert lines[0].split() == ["Run", "Verdict", "Calls", "Size", "Changed"]
    assert lines[1].split()[:3] == ["train-3", "ROUNDING", "0"]
    assert [line.split()[1] for line in lines[1:]] == ["ROUNDING", "AGREE", "ERROR"]
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines)


def test_quiet_it_names_folders_only_and_as_json_it_has_numbers(folder: Path) -> None:
    assert said("-q", str(folder)).splitlines() == [str(folder / f"train-{number}") for number in (3, 2, 1)]
    first = json.loads(said("--json", str(folder)))[0]
    assert first == {**first, "verdict": "rounding", "calls": 0, "changed": 1e9 + 3}


def test_verbose_it_says_what_each_file_is(folder: Path) -> None:
    shown = said("-v", str(folder))
    for name in ("evaluations.qdiag", "report.qdiag", "repro.minimal", "repro-synthetic.py"):
        assert name in shown


def test_where_there_is_no_run_it_says_how_to_make_one(tmp_path: Path) -> None:
    assert "qdiag trace SCRIPT" in said(str(tmp_path))


def test_cleaning_keeps_the_newest_and_says_what_goes(folder: Path) -> None:
    assert said("--clean", "--yes", str(folder)).splitlines() == [str(folder / "train-2"), str(folder / "train-1")]
    assert [path.name for path in folder.iterdir()] == ["train-3"]
    assert said("--clean", "--yes", str(folder)) == ""


def test_with_nobody_to_ask_nothing_is_deleted(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"2 runs, .* would be deleted, and there is nobody to ask"):
        CliRunner().invoke(command, ["--clean", str(folder)], catch_exceptions=False)
    assert len(list(folder.iterdir())) == 3


def test_asked_and_answered_no_nothing_is_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdiag.cli.runs.sys.stdin.isatty", lambda: True, raising=False)
    CliRunner().invoke(command, ["--clean", str(folder)], input="n\n")
    assert len(list(folder.iterdir())) == 3
