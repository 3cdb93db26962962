"""``qdiag twin``: which runs are asked for, when the user is asked before, and how the folder is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from qdiag.cli import twin
from qdiag.errors import TraceError, UsageError
from qdiag.model.comparison import Verdict
from qdiag.pipeline import twin_runs
from tests.worlds.judged_runs import judged_run


class Pipeline:
    """Takes the place of the trainings."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.folders: list[Path] = []
        self.verdict = Verdict.ROUNDING

    def run(self, asked: Any, run: Any, voice: Any) -> Any:
        self.asked.append(asked)
        self.folders.append(run.path)
        return judged_run(run.path, verdict=self.verdict)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(twin_runs, "run", made.run)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("")
    return made


def qdiag(*words: str, **options: Any) -> Result:
    return CliRunner().invoke(twin.command, list(words), standalone_mode=False, **options)


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (["train.py"], ()),
        (["train.py", "--", "default.qubit", "backprop"], ("default.qubit", "backprop")),
        (["train.py", "--mechanism", "-q"], ("--mechanism", "-q")),
    ],
)
def test_everything_behind_the_script_is_the_scripts(pipeline: Pipeline, words: list[str], argv: tuple[str, ...]) -> None:
    assert qdiag(*words).exception is None
    assert (pipeline.asked[0].script, pipeline.asked[0].argv) == ("train.py", argv)


def test_by_default_the_first_other_method_that_works_is_taken_and_five_weights_are_nudged(pipeline: Pipeline) -> None:
    qdiag("train.py")
    wish = pipeline.asked[0].wish
    assert (wish.methods, wish.controls, wish.mechanism, wish.jobs) == ((), 5, False, 1)
    assert (pipeline.asked[0].earlier, pipeline.asked[0].scratch, pipeline.asked[0].module) == (None, False, False)


def test_what_is_asked_for_is_wished_for(pipeline: Pipeline) -> None:
    qdiag("--methods", "adjoint, default.qubit/finite-diff", "--controls", "2", "--mechanism", "--jobs", "3", "--scratch", "train.py")
    asked = pipeline.asked[0]
    assert (asked.wish.methods, asked.wish.controls, asked.wish.mechanism, asked.wish.jobs) == (("adjoint", "finite-diff"), 2, True, 3)
    assert asked.scratch


@pytest.mark.parametrize("methods", ["adjiont", "adjoint,", "backprop@float64"])
def test_an_unknown_method_is_a_usage_error_that_lists_the_known_ones(pipeline: Pipeline, methods: str) -> None:
    error = qdiag("--methods", methods, "train.py").exception
    assert isinstance(error, UsageError)
    assert "parameter-shift" in error.cure
    assert pipeline.asked == []


@pytest.mark.parametrize("words", [["--controls", "0"], ["--controls", "51"], ["--jobs", "0"], ["--fail-on", "all"], ["--lr", "1"]])
def test_a_wrong_option_is_a_usage_error(pipeline: Pipeline, words: list[str]) -> None:
    error = qdiag(*words, "train.py").exception
    assert isinstance(error, click.ClickException)
    assert error.exit_code == 2
    assert pipeline.asked == []


@pytest.mark.parametrize(
    ("script", "words", "folder"),
    [("train.py", [], "train-twin-1"), ("package.train", ["-m"], "train-twin-1"), ("sub/train.py", [], "train-twin-1")],
)
def test_the_folder_says_what_the_run_is(pipeline: Pipeline, tmp_path: Path, script: str, words: list[str], folder: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "train.py").write_text("")
    qdiag(*words, script)
    assert pipeline.folders == [Path("qdiag-runs") / folder]


def test_an_earlier_run_is_found_by_its_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "trace.qdiag").write_text("")
    qdiag("--earlier", "run", "train.py")
    assert pipeline.asked[0].earlier == Path("run/trace.qdiag")
    assert isinstance(qdiag("--earlier", "nowhere", "train.py").exception, TraceError)


class TestTheUserIsAsked:
    @pytest.fixture(autouse=True)
    def _at_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Streams:
            class Terminal:
                @staticmethod
                def isatty() -> bool:
                    return True

            stdin = stderr = Terminal()

        monkeypatch.setattr(twin, "sys", Streams)

    @pytest.mark.parametrize(("answer", "runs"), [("y\n", 1), ("n\n", 0), ("", 0)])
    def test_before_the_script_is_run_again(self, pipeline: Pipeline, answer: str, runs: int) -> None:
        done = qdiag("train.py", input=answer)
        assert len(pipeline.asked) == runs
        assert isinstance(done.exception, click.Abort) == (runs == 0)

    def test_not_where_the_answer_was_given(self, pipeline: Pipeline) -> None:
        qdiag("--yes", "train.py", input="")
        assert len(pipeline.asked) == 1


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict.AGREE, 0), (Verdict.ROUNDING, 0), (Verdict.ERROR, 1), (Verdict.INCONCLUSIVE, 4)]
)
def test_the_verdict_is_the_exit_code(pipeline: Pipeline, verdict: Verdict, code: int) -> None:
    pipeline.verdict = verdict
    assert qdiag("-qq", "train.py").return_value == code


def test_a_script_that_is_not_there_is_refused_before_anything_is_said_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(twin.command, ["nosuch.py"], standalone_mode=False)
    assert isinstance(said.exception, UsageError)
    assert said.output == ""
    assert list(tmp_path.iterdir()) == []
