"""What a shell completes where: files, runs, methods, causes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from qdiag.cli import group
from qdiag.diagnosis.causes import CAUSES

PRECISION = sorted(cause.code for cause in CAUSES if cause.code.startswith("QD10"))


def completed(*words: str) -> list[tuple[str, str]]:
    """Kind and text of what is offered for the last word."""
    items = ShellComplete(group, {}, "qdiag", "_QDIAG_COMPLETE").get_completions(list(words[:-1]), words[-1])
    return [(item.type, item.value) for item in items]


@pytest.mark.parametrize(
    "words",
    [
        ("trace", "smal"),
        ("trace", ""),
        ("trace", "--methods", "adjoint", "smal"),
        ("trace", "small.py", "dat"),
        ("trace", "small.py", "--", "dat"),
        ("twin", "smal"),
        ("twin", "small.py", "--steps", "x"),
        ("report", "elsewhere/x"),
    ],
)
def test_files_are_the_shells_own_matter(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed(*words) == [("file", words[-1])]


def test_runs_are_offered_the_last_one_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for age, name in enumerate(("train-2", "train-1", "other-1")):
        folder = tmp_path / "qdiag-runs" / name
        folder.mkdir(parents=True)
        (folder / "trace.qdiag").touch()
        os.utime(folder / "trace.qdiag", (1000 - age, 1000 - age))
    for command in ("show", "report", "diagnose", "minimize"):
        assert [text for _, text in completed(command, "")] == [f"qdiag-runs/{name}" for name in ("train-2", "train-1", "other-1")]
        assert completed(command, "tra") == [("plain", "qdiag-runs/train-2"), ("plain", "qdiag-runs/train-1")]
        assert completed(command, "qdiag-runs/o") == [("plain", "qdiag-runs/other-1")]
        assert completed(command, "elsewhere") == [("file", "elsewhere")]


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("adj", ["adjoint"]),
        ("au", ["auto"]),
        ("backprop,adj", ["backprop,adjoint"]),
        ("lightning.qubit/adj", ["lightning.qubit/adjoint"]),
        ("adjoint,lightning.qubit/par", ["adjoint,lightning.qubit/parameter-shift"]),
        ("backprop,au", []),
    ],
)
@pytest.mark.parametrize("command", ["trace", "diagnose", "check", "twin"])
def test_methods_are_offered_one_behind_the_other(command: str, begun: str, offered: list[str]) -> None:
    assert [text for _, text in completed(command, "--methods", begun)] == offered


def test_devices_are_offered_that_packages_announce() -> None:
    assert {name for kind, name in completed("certify", "default.qubi") if kind == "plain"} >= {"default.qubit"}


def test_causes_are_offered_by_code_and_by_name() -> None:
    assert [text for _, text in completed("explain", "QD10")] == PRECISION
    assert [text for _, text in completed("explain", "qd101")] == ["QD101"]
    assert [text for _, text in completed("explain", "float32-p")] == ["float32-parameters"]
    assert len(completed("explain", "")) > 30


def test_bash_itself_is_asked_for_files_after_the_line_of_the_readme(tmp_path: Path) -> None:
    command = tmp_path / "qdiag"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -m qdiag \"$@\"\n")
    command.chmod(0o755)
    order = """
eval "$(_QDIAG_COMPLETE=bash_source qdiag)"
compopt() { echo "asked: $1 $2"; }
COMP_WORDS=(qdiag trace smal) COMP_CWORD=2
_qdiag_completion qdiag
COMP_WORDS=(qdiag explain QD10) COMP_CWORD=2
_qdiag_completion qdiag
echo "${COMPREPLY[*]}"
"""
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", order], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.stdout.splitlines() == ["asked: -o default", " ".join(PRECISION)]
