"""``qdiag diagnose``: which trace is judged, and with what trust."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from qdiag.cli import diagnose
from qdiag.errors import TraceError
from qdiag.model.comparison import Verdict
from tests.worlds.judged_runs import judged_run


class Pipeline:
    """Takes the place of judging."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, Any]] = []
        self.verdict = Verdict.AGREE

    def examine(self, run: Any, options: Any, voice: Any) -> Any:
        self.asked.append((run, options))
        return judged_run(run.path, verdict=self.verdict)


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipeline:
    made = Pipeline()
    monkeypatch.setattr(diagnose, "examine", made.examine)
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("train-1", "train-2")):
        folder = tmp_path / "qdiag-runs" / name
        folder.mkdir(parents=True)
        (folder / "trace.qdiag").write_text("")
        os.utime(folder / "trace.qdiag", (number, number))
    return made


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(diagnose.command, list(words), standalone_mode=False)


def record_question(run: str, methods: list[str], atol: Any = None) -> None:
    """Have a run say what it was asked when it was judged."""
    asked = {"asked": {"methods": methods, "atol": atol, "rtol": None}}
    Path("qdiag-runs", run, "findings.json").write_text(json.dumps(asked))


@pytest.mark.parametrize(
    ("words", "methods", "absolute"),
    [
        ([], ["backprop", "adjoint"], 1e-3),
        (["--methods", "auto"], [], 1e-3),
        (["--methods", "adjoint"], ["adjoint"], 1e-3),
        (["--atol", "1e-6"], ["backprop", "adjoint"], 1e-6),
        (["--rtol", "1e-6"], ["backprop", "adjoint"], None),
    ],
)
def test_it_asks_what_the_run_was_asked_unless_it_is_told(
    pipeline: Pipeline, words: list[str], methods: list[str], absolute: Any
) -> None:
    record_question("train-2", ["backprop", "adjoint"], 1e-3)
    assert qdiag(*words).exception is None
    plan = pipeline.asked[0][1].plan
    assert [str(method) for method in plan.methods] == methods
    assert plan.tolerance.absolute == absolute


@pytest.mark.parametrize("methods", [["no such method!"], "backprop", [1], None])
def test_what_a_damaged_file_says_it_was_asked_is_not_asked(pipeline: Pipeline, methods: Any) -> None:
    record_question("train-2", methods)
    assert qdiag().exception is None
    assert pipeline.asked[0][1].plan.methods == ()


@pytest.mark.parametrize(
    ("words", "trace"),
    [
        ([], "qdiag-runs/train-2/trace.qdiag"),
        (["qdiag-runs/train-1"], "qdiag-runs/train-1/trace.qdiag"),
        (["qdiag-runs/train-1/trace.qdiag"], "qdiag-runs/train-1/trace.qdiag"),
    ],
)
def test_it_judges_the_run_that_is_named_or_the_last(pipeline: Pipeline, words: list[str], trace: str) -> None:
    assert qdiag(*words).exception is None
    assert str(pipeline.asked[0][0].trace) == trace


def test_a_trace_copied_from_elsewhere_keeps_its_name(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "theirs.qdiag").write_text("")
    qdiag("theirs.qdiag")
    assert str(pipeline.asked[0][0].trace) == "theirs.qdiag"


@pytest.mark.parametrize("words", [["nowhere"], ["qdiag-runs"]])
def test_where_there_is_none_it_says_so_and_what_to_name(pipeline: Pipeline, words: list[str]) -> None:
    error = qdiag(*words).exception
    assert isinstance(error, TraceError)
    assert "qdiag trace" in error.cure


@pytest.mark.parametrize(("words", "trusted"), [([], False), (["--trust"], True)])
def test_what_a_trace_carries_is_executed_only_where_it_is_trusted(pipeline: Pipeline, words: list[str], trusted: bool) -> None:
    qdiag(*words)
    options = pipeline.asked[0][1]
    assert (options.trusted, options.plan.trusted) == (trusted, trusted)


def test_a_budget_and_a_number_of_calls_are_kept(pipeline: Pipeline) -> None:
    qdiag("--budget", "2.5", "--max-calls", "9")
    plan = pipeline.asked[0][1].plan
    assert (plan.budget, plan.max_calls) == (2.5, 9)


@pytest.mark.parametrize("words", [["--max-calls", "0"], ["--rtol", "-0.1"], ["a", "b"]])
def test_a_wrong_option_is_a_usage_error(pipeline: Pipeline, words: list[str]) -> None:
    error = qdiag(*words).exception
    assert isinstance(error, click.ClickException)
    assert error.exit_code == 2
    assert pipeline.asked == []


@pytest.mark.parametrize(("verdict", "code"), [(Verdict.AGREE, 0), (Verdict.ERROR, 1), (Verdict.INCONCLUSIVE, 4)])
def test_the_verdict_is_the_exit_code(pipeline: Pipeline, verdict: Verdict, code: int) -> None:
    pipeline.verdict = verdict
    assert qdiag("-qq").return_value == code
