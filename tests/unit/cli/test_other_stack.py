"""``--compare-with``: refused early where it means nothing, shown and written beside the trace, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qdiag.cli import group
from qdiag.cli.asked import options_of
from qdiag.cli.other_stack import show_other_stack, worse_code
from qdiag.cli.progress import Voice
from qdiag.errors import UsageError
from qdiag.evaluation.limits import SECONDS
from qdiag.model.two_stacks import StackComparison
from qdiag.pipeline import compare_run
from qdiag.pipeline.ci import replay_lock
from qdiag.pipeline.run_options import Silence
from qdiag.trace.run_folder import RunFolder
from tests.worlds.locks import NOW, Stack, lock, raising
from tests.worlds.scripted import answer, moved

PLAIN: dict[str, object] = dict.fromkeys(("every", "max_calls", "budget", "atol", "rtol", "jobs"))
PLAIN |= {"methods": "auto", "no_minimize": False, "quick": False, "limit": SECONDS, "cluster": ""}


def shown(
    monkeypatch: pytest.MonkeyPatch, folder: Path, found: StackComparison, *, scripted: bool = False, as_json: bool = False
) -> int:
    compared = compare_run.ComparedRun(found, found.first if scripted else None)
    monkeypatch.setattr(compare_run, "compare_run", lambda *given: compared)
    run = RunFolder(folder)
    return show_other_stack("pennylane==0.44.1", run, options_of(PLAIN, trusted=True), Voice(), as_json=as_json)


def off(request):
    return moved(answer(request), gradient=0.5)


def test_a_change_exits_with_1_and_says_how_to_bisect_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replay_lock(lock(), Stack(backprop=off), Silence(), here=NOW)
    assert shown(monkeypatch, tmp_path, found, scripted=True) == 1
    text = " ".join(capsys.readouterr().err.split())
    assert "1 of 1 call changed beyond rounding between PennyLane 0.44.1 and this stack." in text
    assert "first call 0: circuit (train.py:31) under default.qubit/backprop" in text
    assert "--package pennylane --from 0.44.1 --to 0.45.1" in text
    assert json.loads((tmp_path / "stacks.json").read_text(encoding="utf-8"))["first"] == 0


def test_without_a_script_nothing_is_said_of_bisecting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(monkeypatch, tmp_path, replay_lock(lock(), Stack(), Silence(), here=NOW)) == 0
    assert "bisect" not in capsys.readouterr().err


def test_what_only_raises_there_is_no_change_of_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, tmp_path, replay_lock(lock(), Stack(backprop=raising), Silence(), here=NOW)) == 4


def test_with_json_stdout_is_left_to_the_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(monkeypatch, tmp_path, replay_lock(lock(), Stack(), Silence(), here=NOW), as_json=True)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


@pytest.mark.parametrize("words", [["trace", "--compare-with", "pennylane", "train.py"], ["diagnose", "--compare-with", "x==1"]])
def test_what_is_no_release_is_refused_before_anything_runs(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("raise SystemExit('it ran')\n", encoding="utf-8")
    with pytest.raises(UsageError, match="is no release"):
        group.main(words, standalone_mode=False)
    assert not (tmp_path / "qdiag-runs").exists()


def test_a_run_that_is_only_recorded_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match="judges nothing"):
        group.main(["trace", "--record-only", "--compare-with", "pennylane==0.44.1", "train.py"], standalone_mode=False)


@pytest.mark.parametrize(
    ("one", "other", "worse"), [(0, 1, 1), (1, 4, 1), (4, 0, 4), (3, 1, 3), (2, 3, 2), (130, 1, 130), (70, 1, 70), (1, 143, 143)]
)
def test_of_two_exit_codes_the_one_that_stands_before(one: int, other: int, worse: int) -> None:
    assert worse_code(one, other) == worse
