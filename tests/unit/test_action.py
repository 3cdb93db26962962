"""The action: its steps as a shell runs them, with a qdiag and a gh that are made up."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ACTION = (Path(__file__).parents[2] / "action.yml").read_text(encoding="utf-8")


def script_of(step: str) -> str:
    """What a step runs: the lines of its block, or its one line."""
    body = ACTION.split(f"- name: {step}\n")[1].split("\n    - name:")[0]
    one = re.search(r"^      run: (?!\|)(.+)$", body, re.MULTILINE)
    if one:
        return one[1]
    lines = body.split("      run: |\n")[1].splitlines()
    return "\n".join(line[8:] for line in lines)


def done(step: str, folder: Path, **variables: str) -> tuple[int, str]:
    """How a step ends, and what it writes."""
    given = {"PATH": f"{folder}:{os.environ['PATH']}", "GITHUB_OUTPUT": f"{folder}/output", "GITHUB_STEP_SUMMARY": f"{folder}/summary"}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script_of(step)]
    ended = subprocess.run(command, env={**given, **variables}, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("code", [0, 1, 2, 4])
def test_the_step_that_replays_hands_on_how_qdiag_ended(code: int, tmp_path: Path) -> None:
    program(tmp_path, "qdiag", f'echo "found" > "$3"; echo "$4" > {tmp_path}/asked; exit {code}')
    summary = str(tmp_path / "own.md")
    assert done("Replay", tmp_path, LOCK="a model.lock", SUMMARY=summary)[0] == 0
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"exit-code={code}\n"
    assert (tmp_path / "summary").read_text(encoding="utf-8") == "found\n"
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "a model.lock\n"
    assert done("End as qdiag did", tmp_path, CODE=str(code))[0] == code


def test_a_permission_that_is_missing_is_a_warning(tmp_path: Path) -> None:
    program(tmp_path, "gh", "echo 'Resource not accessible by integration' >&2; exit 1")
    code, said = done("Comment", tmp_path, NUMBER="1", REPOSITORY="a/b", SUMMARY=str(tmp_path / "own.md"))
    assert code == 0
    assert said.startswith("::warning title=qdiag::")


def test_with_the_permission_there_is_a_comment_and_no_warning(tmp_path: Path) -> None:
    program(tmp_path, "gh", 'echo "$@"')
    code, said = done("Comment", tmp_path, NUMBER="7", REPOSITORY="a/b", SUMMARY="own.md")
    assert (code, said) == (0, "pr comment 7 --repo a/b --body-file own.md\n")


def test_nothing_that_a_user_gives_is_part_of_a_script() -> None:
    # what stands between ${{ and }} in a script is put there before the shell reads it
    runs = [script_of(step) for step in re.findall(r"- name: (.+)", ACTION)]
    assert not any("${{" in text for text in runs)


def test_it_is_read_as_yaml() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    read = yaml.safe_load(ACTION)
    assert read["runs"]["using"] == "composite"
    assert all(step.get("shell") == "bash" for step in read["runs"]["steps"])
