"""The child becomes the script: what the script can see of itself is what a bare interpreter would show it.

Each test asks the same of two fresh processes, one plain and one of ours; whole trainings are compared in ``tests/e2e``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qdiag.recording import launcher

BOOTSTRAP = launcher._BOOTSTRAP

LOOKS = """
import json, sys
main = sys.modules["__main__"]
with open("seen.json", "w") as file:
    json.dump(EXPRESSION, file)
"""


def ask(folder: Path, words: list[str], kind: str, flags: tuple[str, ...] = ()) -> tuple[Any, Any]:
    """What the script sees when it runs plainly, and when it runs as the child."""
    seen = []
    ours = [str(BOOTSTRAP), kind, str(folder / "no-such-folder" / "trace.qdiag")]
    for front in (["-m"] if kind == "module" else [], ours):
        done = subprocess.run([sys.executable, *flags, *front, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        seen.append(json.loads((folder / "seen.json").read_text()))
    return seen[0], seen[1]


def script(folder: Path, expression: str, name: str = "train.py") -> str:
    (folder / name).write_text(LOOKS.replace("EXPRESSION", expression))
    return name


WORDS = ["--lr", "0.1", "-m", "run"]


@pytest.mark.parametrize(
    "expression",
    [
        "sys.argv",
        "sys.path",
        "sorted(vars(main))",
        "[main.__name__, main.__file__, main.__doc__, repr(main.__package__), repr(main.__spec__)]",
        "[type(main.__loader__).__name__, main.__loader__.name, main.__loader__.path]",
        "repr(type(main.__builtins__))",
        "main is sys.modules['__main__'] and globals() is vars(main)",
        "[name for name in dir(sys) if name == 'last_value']",
        "sys.orig_argv[1:] if hasattr(sys, 'orig_argv') else []",
    ],
)
def test_a_script_sees_what_it_would_see(tmp_path: Path, expression: str) -> None:
    plain, child = ask(tmp_path, [script(tmp_path, expression), *WORDS], "script")
    assert child == plain


@pytest.mark.parametrize("expression", ["sys.argv", "sys.path", "[main.__name__, main.__package__, main.__spec__.name]"])
def test_so_does_a_module(tmp_path: Path, expression: str) -> None:
    script(tmp_path, expression)
    plain, child = ask(tmp_path, ["train", *WORDS], "module")
    assert child == plain


def test_so_does_a_package(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    script(tmp_path / "package", "[main.__name__, main.__package__, main.__file__, sys.argv]", "__main__.py")
    plain, child = ask(tmp_path, ["package", *WORDS], "module")
    assert child == plain


@pytest.mark.parametrize("words", ["train.py", "./train.py", "sub/../train.py"])
def test_however_it_is_named(tmp_path: Path, words: str) -> None:
    (tmp_path / "sub").mkdir()
    script(tmp_path, "[sys.argv, sys.path, main.__file__]")
    plain, child = ask(tmp_path, [words], "script")
    assert child == plain


@pytest.mark.parametrize("expression", ["sys.argv", "sys.path", "[main.__name__, main.__file__]"])
@pytest.mark.parametrize("words", ["program", "./program", "program/"])
def test_so_does_a_folder(tmp_path: Path, expression: str, words: str) -> None:
    (tmp_path / "program").mkdir()
    script(tmp_path / "program", expression, "__main__.py")
    plain, child = ask(tmp_path, [words, *WORDS], "folder")
    assert child == plain


def test_so_does_the_working_folder(tmp_path: Path) -> None:
    script(tmp_path, "[sys.argv, sys.path, main.__file__]", "__main__.py")
    plain, child = ask(tmp_path, ["."], "folder")
    assert child == plain


def test_a_folders_own_modules_are_found_after_the_script_has_gone_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "program" / "part.py").write_text("answer = 42\n")
    (tmp_path / "program" / "__main__.py").write_text(
        "import os, json\nos.chdir('elsewhere')\nimport part\nos.chdir('..')\njson.dump(part.answer, open('seen.json', 'w'))\n"
    )
    assert ask(tmp_path, ["program"], "folder") == (42, 42)


def test_so_does_an_archive(tmp_path: Path) -> None:
    script(tmp_path, "[sys.argv, sys.path, main.__file__]", "__main__.py")
    with zipfile.ZipFile(tmp_path / "program.pyz", "w") as archive:
        archive.write(tmp_path / "__main__.py", "__main__.py")
    (tmp_path / "__main__.py").unlink()
    plain, child = ask(tmp_path, ["program.pyz"], "folder")
    assert child == plain


@pytest.mark.parametrize("flags", [("-I",), ("-s", "-E"), ("-O",), ("-X", "utf8")])
def test_flags_change_the_path_as_they_would(tmp_path: Path, flags: tuple[str, ...]) -> None:
    plain, child = ask(tmp_path, [script(tmp_path, "[sys.path, sys.flags.optimize, sys.flags.isolated]")], "script", flags)
    assert child == plain


def test_nothing_but_five_files_of_ours_is_loaded_before_the_script(tmp_path: Path) -> None:
    plain, child = ask(tmp_path, [script(tmp_path, "sorted(sys.modules)")], "script")
    more = set(child) - set(plain)
    ours = {name for name in more if name.partition(".")[0] == "qdiag"}
    recording = {"qdiag.recording", *(f"qdiag.recording.{name}" for name in ("child", "children", "fork_hooks", "frames", "imports"))}
    assert ours == {"qdiag", "qdiag._version"} | recording
    assert more - ours <= {"__future__"}


def test_a_script_that_is_not_there_ends_as_the_bare_interpreter_would_end_it(tmp_path: Path) -> None:
    words = [str(BOOTSTRAP), "script", str(tmp_path / "trace"), "missing.py"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "missing.py" in done.stderr
    assert "qdiag" not in done.stderr.replace(str(BOOTSTRAP), "")


@pytest.mark.parametrize(
    ("text", "exit_code"),
    [("raise SystemExit(7)", 7), ("raise SystemExit", 0), ("raise SystemExit('words')", 1), ("1/0", 1), ("def (", 1)],
)
def test_it_ends_with_the_same_words_and_the_same_code(tmp_path: Path, text: str, exit_code: int) -> None:
    (tmp_path / "train.py").write_text(f"def work():\n    pass\n{text}\n")
    ends = []
    for front in ([], [str(BOOTSTRAP), "script", str(tmp_path / "no-such-folder" / "trace")]):
        done = subprocess.run([sys.executable, *front, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        ends.append((done.returncode, done.stderr))
    assert ends[0] == ends[1]
    assert ends[0][0] == exit_code


def test_what_a_script_defines_is_mains(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "import json, pickle\nclass Model: pass\n"
        "json.dump([Model.__module__, type(pickle.loads(pickle.dumps(Model()))).__name__], open('seen.json', 'w'))\n"
    )
    plain, child = ask(tmp_path, ["train.py"], "script")
    assert child == plain == ["__main__", "Model"]
