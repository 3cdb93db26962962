"""``qdiag lock``: a script or a run, a file that is nobody else's, and what the exit code says."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qdiag.cli import group
from qdiag.errors import OutputError, TraceError, UsageError, UserCodeError
from qdiag.evaluation import executor
from qdiag.model.call import Script
from qdiag.trace.call_text import text_of
from qdiag.trace.lock_file import read_lock
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.locks import Stack, raising
from tests.worlds.results import ENVIRONMENT
from tests.worlds.scripted import call, circuit


def a_run(folder: Path, calls: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    create(folder / "trace.qdiag", Script("train.py"))
    with TraceWriter(folder / "trace.qdiag") as writer:
        writer.meta("environment", text_of(ENVIRONMENT))
        for index in range(calls):
            writer.write(call(index, circuit(0.3)))
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(executor, "open_evaluator", lambda *given, **named: nullcontext(Stack()))
    return tmp_path


def run(*words: str) -> Result:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(group, ["lock", *words], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


def test_a_run_is_locked(here: Path) -> None:
    done = run(str(a_run(here / "run")))
    assert (done.return_value, done.stdout) == (0, "")
    assert "1 circuit, numbers made up from seed 0, in qdiag.lock" in done.stderr
    assert len(read_lock((here / "qdiag.lock").read_text(encoding="utf-8")).circuits) == 1


def test_made_again_it_is_the_same_file(here: Path) -> None:
    words = [str(a_run(here / "run"))]
    run(*words)
    before = (here / "qdiag.lock").read_bytes()
    run(*words)
    assert (here / "qdiag.lock").read_bytes() == before
    run("--numbers", "own", *words)
    assert (here / "qdiag.lock").read_bytes() != before


def test_a_file_that_is_no_lock_is_not_written_over(here: Path) -> None:
    (here / "qdiag.lock").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="is no lock file"):
        run(str(a_run(here / "run")))
    assert (here / "qdiag.lock").read_text(encoding="utf-8") == "mine"


def test_a_script_is_run_once_with_its_arguments_and_only_recorded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def record(script, argv, *, module, run, options):
        seen.append((script, argv, options.probe))
        a_run(run.path)
        return Script(script, argv, exit_code=0)

    (here / "train.py").write_text("", encoding="utf-8")
    monkeypatch.setattr("qdiag.cli.lock.record", record)
    run("--file", "model.lock", "train.py", "--", "--epochs", "3")
    assert seen == [("train.py", ("--epochs", "3"), False)]
    assert (here / "model.lock").exists()


def test_of_a_script_that_fails_nothing_is_locked(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "train.py").write_text("", encoding="utf-8")
    monkeypatch.setattr("qdiag.cli.lock.record", lambda script, argv, **rest: Script(script, argv, exit_code=1))
    with pytest.raises(UserCodeError):
        run("train.py")
    assert not (here / "qdiag.lock").exists()


def test_a_run_takes_no_arguments_and_needs_a_call(here: Path) -> None:
    with pytest.raises(UsageError):
        run(str(a_run(here / "run")), "more")
    with pytest.raises(TraceError, match="no QNode call"):
        run(str(a_run(here / "none", calls=0)))


def test_where_nothing_could_be_locked_it_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "open_evaluator", lambda *given, **named: nullcontext(Stack(backprop=raising)))
    done = run(str(a_run(here / "run")))
    assert done.return_value == 4
    assert "1 circuit of the run not in it: could not be evaluated" in done.stderr


@pytest.mark.parametrize("word", ["-1", "x", "1.5"])
def test_numbers_come_from_a_seed_or_from_the_run(here: Path, word: str) -> None:
    with pytest.raises(Exception, match="neither a number nor 'own'"):
        run("--numbers", word, str(a_run(here / "run")))
