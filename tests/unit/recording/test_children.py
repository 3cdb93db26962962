"""Python processes that a script starts are recorded, and neither they nor the script see anything of how that comes about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest

from qdiag.recording import children, launcher, words_left

BOOTSTRAP = launcher._BOOTSTRAP
PARENT = children.Parent("/runs/trace.qdiag", "/work", 4242)


@pytest.mark.parametrize(
    ("word", "python"),
    [
        ("python", True),
        ("python3", True),
        ("/usr/bin/python3.13t", True),
        (sys.executable, True),
        ("pythonic", False),
        ("train.py", False),
        ("ipython", False),
        ("", False),
    ],
)
def test_an_interpreter_is_known_by_its_name(word: str, python: bool) -> None:
    assert children.is_python(word) is python


@pytest.mark.parametrize(
    ("options", "ignores"),
    [
        ([], False),
        (["train.py", "-I"], False),
        (["-u", "-c", "print()", "-E"], False),
        (["-m", "runpy", "-S"], False),
        (["-I", "train.py"], True),
        (["-uE", "train.py"], True),
        (["-W", "ignore", "-S", "train.py"], True),
        (["-Wignore::UserWarning:SEI", "train.py"], False),
        (["-X", "dev", "train.py"], False),
        (["-", "-I"], False),
    ],
)
def test_options_end_where_what_is_run_begins(options: list[str], ignores: bool) -> None:
    assert children.ignores_environment(options) is ignores


class TestWhichCommandsReachPython:
    @pytest.fixture
    def parent(self, tmp_path: Path) -> children.Parent:
        return children.Parent(str(tmp_path / "trace"), "", 1)

    def script(self, folder: Path, line: str) -> str:
        (folder / "tool").write_text(f"{line}\nprint()\n")
        return str(folder / "tool")

    @pytest.mark.parametrize(
        "words",
        [["env", "LANG=C", "python", "x.py"], ["sh", "-c", "cd /tmp && python3 x.py"], ["mpirun", "-n", "2", "python3.9", "x.py"]],
    )
    def test_also_through_another_program(self, parent: children.Parent, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(children, "_is_for_qdiag", lambda: False)
        assert children._reaches(parent, words)

    @pytest.mark.parametrize(
        ("line", "reaches"), [("#!/usr/bin/env python3", True), ("#!/bin/sh", False), ("#!/usr/bin/python3 -E", False)]
    )
    def test_a_scripts_first_line_tells(
        self, parent: children.Parent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, reaches: bool
    ) -> None:
        monkeypatch.setattr(children, "_is_for_qdiag", lambda: False)
        assert children._reaches(parent, [self.script(tmp_path, line)]) is reaches

    @pytest.mark.parametrize("words", [["env"], ["sh", "-c", "env | sort"], ["git", "log", "--", "python.md"]])
    def test_other_programs_see_nothing(self, parent: children.Parent, words: list[str]) -> None:
        assert not children._reaches(parent, words)

    def test_one_that_ignores_its_environment_is_noted_beside_the_trace(
        self, parent: children.Parent, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(children, "_is_for_qdiag", lambda: False)
        assert not children._reaches(parent, ["python", "-I", "x.py"])
        assert os.readlink(parent.trace + words_left.UNREACHED) == "python -I x.py"

    def test_what_qdiag_starts_inside_of_a_recorded_program_is_its_own(self, parent: children.Parent) -> None:
        ours: dict[str, Any] = {"__name__": "qdiag.evaluation.workers", "reaches": children._reaches, "parent": parent}
        exec("found = reaches(parent, ['python', 'x.py'])", ours)
        assert ours["found"] is False
        assert children._reaches(parent, ["python", "x.py"])


class TestTheEnvironment:
    @pytest.mark.parametrize("path", [None, "/mine", ""])
    def test_a_list_of_pairs_keeps_its_order(self, path: Optional[str]) -> None:
        given = [b"A=1", *([] if path is None else [f"PYTHONPATH={path}".encode()]), b"B=2"]
        found = children._with_variables(given, PARENT)
        assert [pair.partition(b"=")[0] for pair in found] == [
            *(pair.partition(b"=")[0] for pair in given),
            *([b"PYTHONPATH"] if path is None else []),
            children.VARIABLE.encode(),
        ]
        assert given[0] in found
        assert given[-1] in found

    def test_a_mapping_is_copied(self) -> None:
        given = {"A": "1"}
        assert set(children._with_variables(given, PARENT)) == {"A", "PYTHONPATH", children.VARIABLE}
        assert given == {"A": "1"}

    def test_what_is_lent_is_taken_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        below = {b"PYTHONPATH": b"/mine"}

        class Below:
            def putenv(self, name: bytes, value: bytes) -> None:
                below[name] = value

            def unsetenv(self, name: bytes) -> None:
                del below[name]

        monkeypatch.setattr(children, "_below", Below())
        monkeypatch.setenv("PYTHONPATH", "/mine")
        lent = children._lend(PARENT)
        assert set(below) == {b"PYTHONPATH", children.VARIABLE.encode()}
        assert lent is not None
        children._take_back(lent)
        assert below == {b"PYTHONPATH": b"/mine"}


LOOK = "import json, os, sys; print(json.dumps([{EXPRESSION}]))"
SEEN = "sorted(os.environ.items()), list(os.environ), sys.path, 'sitecustomize' in sys.modules, list(sys.path_importer_cache)[:1]"
STARTS = {
    "subprocess": "subprocess.run([sys.executable, '-c', LOOK])",
    "subprocess with an environment": "subprocess.run([sys.executable, '-c', LOOK], env={**os.environ, 'MINE': '1'})",
    "a shell": "os.system(sys.executable + ' look.py')",
    "exec": "os.execv(sys.executable, [sys.executable, 'look.py'])",
    "exec with an environment": "os.execve(sys.executable, [sys.executable, 'look.py'], {'MINE': '1'})",
    "spawn": "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, 'look.py'], os.environ), 0)",
    "no Python": "subprocess.run(['env'])",
    "itself": "exec(LOOK)",
}


class TestWhatIsSeen:
    """Each test asks the same of two fresh processes, one plain and one of ours, about the process that they start."""

    def ask(self, folder: Path, start: str, **more: str) -> list[str]:
        look = LOOK.replace("{EXPRESSION}", SEEN)
        (folder / "look.py").write_text(look)
        (folder / "train.py").write_text(f"import os, subprocess, sys\nLOOK = {look!r}\n{start}\nsys.stdout.flush()\n")
        environment = {name: value for name, value in {**os.environ, **more}.items() if name != "PYTHONPATH" or "PYTHONPATH" in more}
        seen = []
        for front in ([], [str(BOOTSTRAP), "script", str(folder / "no-such-folder" / "trace.qdiag")]):
            words = [sys.executable, *front, "train.py"]
            done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
            assert done.stderr == ""
            seen.append(done.stdout)
        return seen

    @pytest.mark.parametrize("start", STARTS)
    def test_is_what_would_be_seen(self, tmp_path: Path, start: str) -> None:
        plain, ours = self.ask(tmp_path, STARTS[start])
        assert ours == plain
        assert "recording/started" not in plain

    @pytest.mark.parametrize("path", ["", "/somewhere", "/somewhere:/else"])
    def test_also_where_there_is_a_path_already(self, tmp_path: Path, path: str) -> None:
        plain, ours = self.ask(tmp_path, STARTS["subprocess"], PYTHONPATH=path)
        assert ours == plain

    def test_the_users_own_sitecustomize_is_loaded(self, tmp_path: Path) -> None:
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text("import builtins\nbuiltins.customized = __name__\n")
        start = "subprocess.run([sys.executable, '-c', 'print(customized)'])"
        plain, ours = self.ask(tmp_path, start, PYTHONPATH=str(tmp_path / "site"))
        assert (plain, ours) == ("sitecustomize\n", "sitecustomize\n")

    def test_a_command_that_is_not_there_fails_as_it_would(self, tmp_path: Path) -> None:
        tries = "try: os.execv('/no/such/python', ['python'])\nexcept OSError as error:"
        plain, ours = self.ask(tmp_path, f"{tries}\n import traceback; traceback.print_exc(file=sys.stdout)")
        assert ours == plain
        assert json.dumps("No such file")[1:-1] in plain
