"""``qdiag ci``: exit codes, annotations where GitHub runs it, a summary where one is asked for."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qdiag.cli import group
from qdiag.errors import OutputError, TraceError
from qdiag.evaluation import executor
from qdiag.model.call import LOST, Failure
from qdiag.trace.lock_file import LARGEST_READ, write_lock
from tests.worlds.locks import Stack, lock, raising
from tests.worlds.scripted import answer, failed, moved


def off(request):
    return moved(answer(request), gradient=0.5)


def lost(request):
    from dataclasses import replace

    return replace(failed(request.method), failure=Failure(LOST, "lost", stage="worker"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "qdiag.lock"
    path.write_text(write_lock(lock()), encoding="utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, stack: Stack, *words: str, **variables: str | None) -> Result:
    monkeypatch.setattr(executor, "open_evaluator", lambda *given, **named: nullcontext(stack))
    given = {"COLUMNS": "80", "GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None, **variables}
    result = CliRunner(env=given).invoke(group, ["ci", *words], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


@pytest.mark.parametrize(
    ("stack", "code"), [(Stack(), 0), (Stack(backprop=off), 1), (Stack(backprop=raising), 1), (Stack(backprop=lost), 4)]
)
def test_the_exit_code_says_whether_something_changed(
    stack: Stack, code: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(monkeypatch, stack, str(file))
    assert (done.return_value, done.stdout) == (code, "")


def test_the_file_in_the_working_folder_is_meant_where_none_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert "All" in run(monkeypatch, Stack()).stderr or "The circuit gives the same" in run(monkeypatch, Stack()).stderr


def test_github_gets_annotations_at_the_place_in_the_repository(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Stack(backprop=off), str(file), GITHUB_ACTIONS="true")
    assert done.stdout.startswith("::error file=models/train.py,line=31,")
    assert run(monkeypatch, Stack(), str(file), GITHUB_ACTIONS="true").stdout == ""


def test_a_summary_is_appended_to(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    run(monkeypatch, Stack(backprop=off), str(file), GITHUB_STEP_SUMMARY=str(summary))
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n### ci ")
    run(monkeypatch, Stack(), str(file), "--summary", str(summary))
    assert "**AGREE**" in summary.read_text(encoding="utf-8")
    with pytest.raises(OutputError):
        run(monkeypatch, Stack(), str(file), "--summary", str(tmp_path / "no" / "folder.md"))


def test_as_json_it_prints_the_record(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Stack(backprop=off), str(file), "--json")
    assert json.loads(done.stdout.splitlines()[-1])["verdict"] == "error"


def test_a_tolerance_of_ones_own_counts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Stack(backprop=off), str(file), "--atol", "1").return_value == 0


def test_what_is_no_lock_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TraceError, match="cannot read"):
        run(monkeypatch, Stack(), str(tmp_path / "none.lock"))
    for content in (b"\xff\xfe", b"{}", b" " * (LARGEST_READ + 10)):
        (tmp_path / "odd.lock").write_bytes(content)
        with pytest.raises(TraceError):
            run(monkeypatch, Stack(), str(tmp_path / "odd.lock"))
