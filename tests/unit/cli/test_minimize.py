"""``qdiag minimize``: which findings are shrunk, for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from qdiag.cli import minimize
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run_options import MINIMIZING_SECONDS, Choice
from tests.worlds.judged_runs import judged_run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What judging was asked for."""
    options: list[Any] = []

    def examine(run: Any, given: Any, voice: Any) -> Any:
        options.append(given)
        return judged_run(run.path, verdict=Verdict.ERROR)

    monkeypatch.setattr(minimize, "examine", examine)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "qdiag-runs" / "train-1"
    folder.mkdir(parents=True)
    (folder / "trace.qdiag").write_text("")
    return options


def qdiag(*words: str) -> Result:
    return CliRunner().invoke(minimize.command, list(words), standalone_mode=False)


@pytest.mark.parametrize(
    ("words", "choice"),
    [
        ([], Choice()),
        (["--finding", "2"], Choice(finding=2)),
        (["--call", "0"], Choice(call=0)),
        (["--call", "7", "--finding", "1"], Choice(1, 7)),
    ],
)
def test_it_shrinks_what_is_asked_for(asked: list[Any], words: list[str], choice: Choice) -> None:
    qdiag(*words)
    assert asked[0].only == choice
    assert asked[0].minimize


def test_it_has_more_time_than_a_trace_gives_it(asked: list[Any]) -> None:
    qdiag()
    assert asked[0].seconds > MINIMIZING_SECONDS
    qdiag("--budget", "7")
    assert asked[1].seconds == 7


@pytest.mark.parametrize(("words", "trusted"), [([], False), (["--trust"], True)])
def test_what_a_trace_carries_is_executed_only_where_it_is_trusted(asked: list[Any], words: list[str], trusted: bool) -> None:
    qdiag(*words)
    assert (asked[0].trusted, asked[0].plan.trusted) == (trusted, trusted)


def test_an_error_found_is_the_exit_code(asked: list[Any]) -> None:
    assert qdiag("-qq").return_value == 1


@pytest.mark.parametrize("words", [["--finding", "0"], ["--call", "-1"], ["--budget", "0"], ["--jobs", "0"]])
def test_numbers_out_of_range_are_usage_errors(asked: list[Any], words: list[str]) -> None:
    error = qdiag(*words).exception
    assert isinstance(error, click.BadParameter)
    assert error.exit_code == 2
    assert asked == []
