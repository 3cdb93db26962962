"""The command line as a whole: what every command keeps, and how each end becomes an exit code."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from qdiag._version import __version__
from qdiag.cli import COMMANDS, group, main
from qdiag.errors import (
    DivergenceError,
    ExitCode,
    Interrupted,
    MethodError,
    NotReproducedError,
    OutputError,
    QdiagError,
    TraceError,
    UsageError,
    UserCodeError,
)

NAMES = [name for name, _ in COMMANDS]


def help_of(name: str) -> str:
    done = CliRunner().invoke(group, [name, "--help"], env={"COLUMNS": "100"})
    assert done.exit_code == 0
    return done.stdout


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """What the command line exits with, and what it says."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.out, said.err


@pytest.mark.parametrize("name", NAMES)
class TestEveryCommand:
    def test_has_the_name_of_its_module(self, name: str) -> None:
        assert group.get_command(click.Context(group), name).name == name  # type: ignore[union-attr]

    def test_shows_an_example_that_it_takes(self, name: str) -> None:
        found = re.search(r"Example:\s+qdiag (\w+) ?(.*)", help_of(name))
        assert found is not None
        assert found[1] == name
        command = group.get_command(click.Context(group), name)
        assert command is not None
        # parsed and not run: an example with a wrong option would raise
        command.make_context(name, found[2].split())

    def test_says_what_it_does_in_a_sentence(self, name: str) -> None:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        assert (command.help or "").split("\n")[0].rstrip().endswith((".", ","))

    def test_explains_every_option(self, name: str) -> None:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert [option.name for option in options if not option.help] == []

    def test_fits_into_a_hundred_columns(self, name: str) -> None:
        assert max(map(len, help_of(name).splitlines())) <= 100

    def test_refuses_an_option_that_there_is_not(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = run([name, "--no-such-option"], capsys)
        assert (code, out) == (2, "")
        assert "--no-such-option" in err
        assert f"qdiag {name} --help" in err
        assert "Traceback" not in err

    def test_is_listed_with_its_own_line(self, name: str) -> None:
        listed = CliRunner().invoke(group, ["--help"], env={"COLUMNS": "120"}).stdout
        assert re.search(rf"^  {name}\s+{re.escape(dict(COMMANDS)[name][:30])}", listed, re.MULTILINE)


def test_options_of_the_same_name_mean_the_same_everywhere() -> None:
    told: dict[str, set[str]] = {}
    for name in NAMES:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        for option in command.params:
            for flag in option.opts:
                if isinstance(option, click.Option) and flag in (
                    "--out",
                    "--force",
                    "--atol",
                    "--rtol",
                    "--trust",
                    "--fail-on",
                    "--probe",
                ):
                    told.setdefault(flag, set()).add(str(option.help))
    assert {flag: len(helps) for flag, helps in told.items()} == dict.fromkeys(told, 1)
    assert len(told) == 7


def test_commands_are_in_the_order_in_which_users_meet_them() -> None:
    listed = CliRunner().invoke(group, ["--help"]).stdout
    places = [listed.index(f"  {name} ") for name in NAMES]
    assert places == sorted(places)


def test_a_command_that_there_is_not_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(["trcae"], capsys)
    assert code == 2
    assert "trcae" in err


@pytest.mark.parametrize("name", NAMES)
def test_help_calls_no_value_by_the_name_of_a_type(name: str) -> None:
    assert re.search(r" (INTEGER|FLOAT|TEXT|FILENAME|\w+ RANGE)\b", help_of(name)) is None


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["trace", "-h"]])
def test_help_exits_0(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words, capsys)[0] == 0


def test_its_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], capsys)[1] == f"qdiag, version {__version__}\n"


def test_completing_a_name_loads_no_command() -> None:
    context = click.Context(group)
    found = [item.value for item in group.shell_complete(context, "t")]
    assert found == ["trace", "twin"]
    assert [item.value for item in group.shell_complete(context, "x")] == []


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_what_needs_no_framework_loads_none(words: str) -> None:
    asked = f"""
import sys
from qdiag.cli import main
try:
    main([{words!r}])
finally:
    heavy = ("torch", "pennylane", "numpy", "matplotlib", "sklearn", "rich", "jinja2", "autograd")
    print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert done.stdout.rstrip().endswith("[]")


# --- from errors to exit codes ---------------------------------------------------------------------------------------------


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes the whole command line raise."""

    def arrange(error: BaseException) -> None:
        def broken(**given: Any) -> None:
            raise error

        monkeypatch.setattr(group, "main", broken)

    return arrange


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no script", "check"), 2),
        (MethodError("no method", "check"), 2),
        (TraceError("no trace", "check"), 2),
        (OutputError("no folder", "check"), 2),
        (QdiagError("anything", "check"), 2),
        (UserCodeError("the model raised", "check"), 3),
        (DivergenceError("they differ", "check"), 1),
        (NotReproducedError("it does not show", "check"), 4),
        (Interrupted("interrupted", "check"), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_says_its_cause_and_its_cure_and_exits_with_its_code(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: QdiagError, code: int
) -> None:
    raising(error)
    ended, out, err = run([], capsys)
    assert (ended, out) == (code, "")
    assert err.splitlines() == [f"qdiag: {error.cause}", f"       {error.cure}"]


def test_an_error_without_a_cure_is_one_line(raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]) -> None:
    raising(UsageError("no script"))
    assert run([], capsys)[2] == "qdiag: no script\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_exits_130(raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: BaseException) -> None:
    raising(error)
    assert run([], capsys) == (130, "", "interrupted\n")


def test_a_stack_on_which_no_worker_starts_is_an_answer_whatever_the_command(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(BrokenProcessPool())
    code, _, said = run([], capsys)
    assert code == 2
    assert "PennyLane or torch cannot be imported" in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_told_as_what_it_is(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], number: int
) -> None:
    raising(OSError(number, os.strerror(number)))
    code, _, err = run([], capsys)
    assert code == 2
    assert f"cannot write: {os.strerror(number)}" in err
    assert "free some space" in err


def test_a_reader_that_left_is_no_error(monkeypatch: pytest.MonkeyPatch, raising: Callable[[BaseException], None]) -> None:
    moved: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "dup2", lambda source, target: moved.append((source, target)))
    monkeypatch.setattr(sys, "stdout", type("Stream", (), {"fileno": lambda self: 77})())
    raising(BrokenPipeError())
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    assert [target for _, target in moved] == [77]


@pytest.mark.parametrize(
    "error", [ValueError("ours"), OSError(errno.ENOENT, "no such file"), AssertionError(), RecursionError(), MemoryError()]
)
def test_a_mistake_of_ours_has_an_exit_code_of_its_own_and_says_where_it_was(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    raising(error)
    code, out, err = run(["report", "my-secret-run"], capsys)
    assert (code, out) == (70, "")
    assert err.startswith("qdiag itself failed, in qdiag report\n")
    assert "qdiag/cli/__init__.py" in err
    assert type(error).__name__ in err
    assert f"qdiag {__version__}, Python" in err
    assert "send us these lines" in err
    assert "Traceback" not in err


def test_what_is_sent_to_us_holds_no_secret(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "swordfish")
    raising(KeyError("swordfish in /home/dorothea/thesis/x.py with \x1b[31mghp_abcdefghijklmnopqrstuvwxyz0123456789"))
    err = run(["report", "dorothea-run"], capsys)[2]
    assert not [word for word in ("swordfish", "dorothea", "thesis", "ghp_", "\x1b", str(Path.cwd()), str(Path.home())) if word in err]


# --- what was typed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tarce"], ["there is no command 'tarce'", "did you mean: qdiag trace"]),
        (["small.py"], ["there is no command 'small.py'", "qdiag trace small.py"]),
        (["other.qdiag"], ["there is no command 'other.qdiag'", "qdiag report other.qdiag"]),
        (["xyzzy"], ["there is no command 'xyzzy'", "the commands are trace, twin"]),
        (["trace", "--atol", "banana", "x.py"], ["'banana' is no number", "see: qdiag trace --help"]),
        (["trace", "--every", "1.5", "x.py"], ["'1.5' is no whole number", "see: qdiag trace --help"]),
        (["trace", "--methdos", "x", "x.py"], ["--methdos", "--methods", "see: qdiag trace --help"]),
        (["trace"], ["'SCRIPT'", "see: qdiag trace --help"]),
        (["trace", "--fail-on", "x", "y.py"], ["'error'", "see: qdiag trace --help"]),
    ],
)
def test_what_cannot_be_done_is_told_in_two_lines(words: list[str], said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(words, capsys)
    assert (code, out) == (2, "")
    assert [part for part in said if part not in err] == []
    assert [line[:7] for line in err.splitlines()] == ["qdiag: ", "       "]


def test_letters_that_a_terminal_has_not_are_no_reason_to_fail(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "qdiag", "show", "θ-漢"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (1, 1), (4, 4), (ExitCode.SCRIPT_FAILED, 3)])
def test_what_a_command_returns_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: Any, code: int
) -> None:
    monkeypatch.setattr(group, "main", lambda **options: given)
    assert run([], capsys)[0] == code


def test_python_m_qdiag_is_the_same_command(tmp_path: Path) -> None:
    words = ["explain", "QD999"]
    said = [subprocess.run([sys.executable, *front, *words], capture_output=True, text=True, check=False) for front in (
        ["-m", "qdiag"], ["-c", "from qdiag.cli import main; main()"],
    )]  # fmt: skip
    assert said[0].returncode == said[1].returncode == 2
    assert said[0].stderr == said[1].stderr


@pytest.mark.parametrize("command", ["show", "report", "diagnose", "minimize"])
def test_a_name_that_no_file_can_have_is_a_usage_error(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run([command, "x" * 5000], capsys)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 2
    assert run(["x" * 5000], capsys)[0] == 2
