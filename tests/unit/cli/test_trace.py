"""``qdiag trace``: what goes to the script, what to the pipeline, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from qdiag.cli import trace
from qdiag.errors import Interrupted, MethodError, OutputError, UsageError
from qdiag.model.call import Script
from qdiag.model.comparison import Verdict
from qdiag.pipeline import trace as pipeline_trace
from tests.worlds.judged_runs import judged_run


class Pipeline:
    """Takes the place of running and judging a script; writes down what it was asked for."""

    def __init__(self) -> None:
        self.traced: list[dict[str, Any]] = []
        self.recorded: list[dict[str, Any]] = []
        self.verdict = Verdict.AGREE
        self.script_exit = 0

    def trace(self, script: str, argv: Any, **given: Any) -> Any:
        self.traced.append({"script": script, "argv": tuple(argv), **given})
        return judged_run(given["run"].path, verdict=self.verdict, script_exit=self.script_exit)

    def record(self, script: str, argv: Any, **given: Any) -> Script:
        self.recorded.append({"script": script, "argv": tuple(argv), **given})
        return Script(script, exit_code=self.script_exit)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(pipeline_trace, "trace", made.trace)
    monkeypatch.setattr(trace, "record", made.record)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("")
    return made


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(trace.command, list(words), standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (["train.py"], ()),
        (["train.py", "--", "default.qubit", "backprop"], ("default.qubit", "backprop")),
        (["train.py", "default.qubit", "--lr", "0.1"], ("default.qubit", "--lr", "0.1")),
        (["train.py", "--", "--", "x"], ("--", "x")),
        (["train.py", "--force", "-q", "--out", "x", "--help"], ("--force", "-q", "--out", "x", "--help")),
        (["train.py", "-m"], ("-m",)),
    ],
)
def test_everything_behind_the_script_is_the_scripts(pipeline: Pipeline, words: list[str], argv: tuple[str, ...]) -> None:
    assert qdiag(*words).exception is None
    assert pipeline.traced[0]["script"] == "train.py"
    assert pipeline.traced[0]["argv"] == argv


def test_options_before_it_are_ours(pipeline: Pipeline) -> None:
    qdiag("--methods", "backprop", "--atol", "0.1", "--every", "3", "--no-probe", "--no-minimize", "--jobs", "2", "train.py")
    options = pipeline.traced[0]["options"]
    assert [method.diff_method for method in options.plan.methods] == ["backprop"]
    assert (options.plan.tolerance.absolute, options.plan.every, options.probe, options.minimize, options.jobs) == (
        0.1,
        3,
        False,
        False,
        2,
    )
    # the script has just run: what its trace carries is its own
    assert options.trusted


def test_by_default_qnodes_are_probed(pipeline: Pipeline) -> None:
    qdiag("train.py")
    assert pipeline.traced[0]["options"].probe


def test_a_module_need_not_be_a_file(pipeline: Pipeline) -> None:
    qdiag("-m", "package.train", "--lr", "1")
    assert (pipeline.traced[0]["module"], pipeline.traced[0]["script"], pipeline.traced[0]["argv"]) == (
        True,
        "package.train",
        ("--lr", "1"),
    )
    assert pipeline.traced[0]["run"].path == Path("qdiag-runs/train-1")


def test_a_script_that_is_not_there_is_a_usage_error_before_anything_is_made(pipeline: Pipeline, tmp_path: Path) -> None:
    done = qdiag("missing.py")
    assert isinstance(done.exception, UsageError)
    assert "missing.py" in done.exception.cause
    assert "-m" in done.exception.cure
    assert (pipeline.traced, [path.name for path in tmp_path.iterdir()]) == ([], ["train.py"])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--methods", "bakcprop", "train.py"], MethodError),
        (["--out", "train.py", "train.py"], OutputError),
        (["--atol", "-1", "train.py"], click.BadParameter),
        (["--every", "0", "train.py"], click.BadParameter),
        (["--jobs", "none", "train.py"], click.BadParameter),
        (["--fail-on", "everything", "train.py"], click.BadParameter),
        (["--budget"], click.BadOptionUsage),
        ([], click.MissingParameter),
        (["--lr", "0.1", "train.py"], click.NoSuchOption),
    ],
)
def test_a_wrong_option_is_a_usage_error_and_nothing_runs(pipeline: Pipeline, words: list[str], error: type[Exception]) -> None:
    done = qdiag(*words)
    assert isinstance(done.exception, error)
    assert getattr(done.exception, "exit_code", None) == 2
    assert pipeline.traced == []


def test_each_run_has_a_folder_of_its_own(pipeline: Pipeline) -> None:
    for _ in range(3):
        qdiag("train.py")
    assert [str(asked["run"].path) for asked in pipeline.traced] == [f"qdiag-runs/train-{number}" for number in (1, 2, 3)]


def test_a_folder_that_holds_something_is_left_alone_unless_it_is_an_earlier_run(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    for words in (["--out", "out", "train.py"], ["--out", "out", "--force", "train.py"]):
        assert isinstance(qdiag(*words).exception, OutputError)
    (tmp_path / "out" / "trace.qdiag").write_text("")
    assert qdiag("--out", "out", "--force", "train.py").exception is None
    assert not (tmp_path / "out" / "mine.txt").exists()


@pytest.mark.parametrize(
    ("verdict", "script_exit", "fail_on", "code"),
    [
        (Verdict.AGREE, 0, "error", 0),
        (Verdict.ROUNDING, 0, "error", 0),
        (Verdict.ROUNDING, 0, "rounding", 1),
        (Verdict.ERROR, 0, "error", 1),
        (Verdict.ERROR, 0, "never", 0),
        (Verdict.REMARK, 0, "error", 0),
        (Verdict.REMARK, 0, "any", 1),
        (Verdict.INCONCLUSIVE, 0, "never", 4),
        (Verdict.ERROR, 3, "error", 3),
    ],
)
def test_the_verdict_is_the_exit_code(pipeline: Pipeline, verdict: Verdict, script_exit: int, fail_on: str, code: int) -> None:
    pipeline.verdict, pipeline.script_exit = verdict, script_exit
    assert qdiag("--fail-on", fail_on, "-qq", "train.py").return_value == code


def test_an_interrupt_is_passed_on_with_what_to_do(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: Any, **named: Any) -> None:
        raise Interrupted("interrupted", "go on with: qdiag diagnose")

    monkeypatch.setattr(pipeline_trace, "trace", interrupted)
    done = qdiag("train.py")
    assert isinstance(done.exception, Interrupted)
    assert done.exception.exit_code == 130


class TestRecordOnly:
    def test_judges_nothing_and_exits_as_the_script_did(self, pipeline: Pipeline) -> None:
        pipeline.script_exit = 7
        done = qdiag("--record-only", "train.py", "1")
        assert isinstance(done.exception, SystemExit) or done.exit_code == 7
        assert done.exit_code == 7
        assert pipeline.recorded[0]["argv"] == ("1",)
        assert pipeline.traced == []
        assert done.stdout == ""

    def test_ends_by_the_same_signal(self) -> None:
        code = "from qdiag.cli.trace import _leave_as; _leave_as(-15)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGTERM

    @pytest.mark.parametrize(("given", "code"), [(0, 0), (None, 0), (3, 3), (255, 255)])
    def test_ends_by_the_same_code(self, given: Any, code: int) -> None:
        with pytest.raises(SystemExit) as ended:
            trace._leave_as(given)
        assert ended.value.code == code

    def test_takes_the_handler_of_a_signal_away_before_it_ends_by_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        done: list[Any] = []
        monkeypatch.setattr(signal, "signal", lambda number, handler: done.append((number, handler)))
        monkeypatch.setattr(os, "kill", lambda process, number: done.append((process, number)))
        with pytest.raises(SystemExit):
            trace._leave_as(-signal.SIGINT)
        assert done == [(signal.SIGINT, signal.SIG_DFL), (os.getpid(), signal.SIGINT)]


class TestAScriptThatFailsBeforeItsFirstCall:
    @pytest.fixture(autouse=True)
    def failed(self, pipeline: Pipeline) -> Pipeline:
        pipeline.script_exit = 2
        return pipeline

    @pytest.mark.parametrize(
        ("argv", "hint"),
        [
            (["--atol", "1e-3"], "--atol is an option of qdiag"),
            (["--lr", "1"], ""),
            (["--jobs=2", "--every", "2"], "--every and --jobs"),
        ],
    )
    def test_hears_of_options_that_were_meant_for_qdiag(self, argv: list[str], hint: str) -> None:
        said = qdiag("--record-only", "train.py", *argv).stderr
        assert "your script failed (exit code 2) before its first QNode call" in said
        assert hint in said
        assert ("of qdiag" in said) is bool(hint)


def test_where_only_recorded_it_is_said_where_the_trace_is_and_what_to_type_next(pipeline: Pipeline) -> None:
    said = qdiag("--record-only", "train.py").stderr
    assert "qdiag-runs/train-1/trace.qdiag" in said.replace("\n", "")
    assert "qdiag diagnose qdiag-runs/train-1" in said
    assert qdiag("-q", "--record-only", "train.py").stderr == ""
