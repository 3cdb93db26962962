"""The text of a script: comments that stay comments, and long lines that keep their meaning."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from platform import python_version

from qdiag.model.call import Environment
from qdiag.proving.reproducer.script_text import CATALYST, SKIP, WIDTH, Script, comment, order_imports, versions


def test_comments_cannot_break_out_of_their_line():
    assert comment(["first\nimport os\r\x0b# second"]) == ["# first import os # second"]


def test_long_lines_are_folded_where_that_changes_nothing():
    line = f"    qml.RX([{', '.join(['0.123456789'] * 40)}], wires=0)"
    text = Script((), frozenset(), (), (), ("def circuit():", line), ("circuit()",)).text
    assert max(map(len, text.splitlines())) <= 120
    assert ast.dump(ast.parse(text.split("\n\n\n")[1])) == ast.dump(ast.parse(f"def circuit():\n{line}"))
    odd = f'    qml.Barrier(wires=["{"a " * 80}"])'
    assert odd in Script((), frozenset(), (), (), ("def circuit():", odd), ("circuit()",)).text


SCRIPT = Script(
    header=("What it shows.",),
    imports=frozenset(["from b import c", "import b", "import a"]),
    settings=("a.set(1)",),
    definitions=("class Mine:\n    pass\n",),
    function=("def circuit():", "    Mine()"),
    body=("circuit()",),
)


def test_the_parts_come_in_the_order_in_which_they_are_needed() -> None:
    assert SCRIPT.text == (
        "# What it shows.\n"
        "import sys\n"
        "\n"
        f"{SKIP}\n"
        "\n"
        "import a\nimport b\nfrom b import c\n"
        "\n"
        "a.set(1)\n"
        "\n\n"
        "class Mine:\n    pass\n"
        "\n\n"
        "def circuit():\n    Mine()\n"
        "\n\n"
        "circuit()\n"
    )


def test_without_settings_and_classes_there_is_no_gap() -> None:
    text = replace(SCRIPT, settings=(), definitions=()).text
    assert "from b import c\n\n\ndef circuit" in text


def test_an_import_comes_once() -> None:
    assert order_imports(["import torch", "import torch", "from a import b", "import numpy as np"]) == [
        "import numpy as np",
        "import torch",
        "from a import b",
    ]


def test_long_sentences_are_wrapped_as_comments() -> None:
    lines = comment(["word " * 60, "short"])
    assert all(line.startswith("# ") and len(line) <= WIDTH for line in lines)
    assert lines[-1] == "# short"
    assert " ".join(line[2:] for line in lines[:-1]) == ("word " * 60).strip()


def test_the_users_own_class_keeps_its_lines() -> None:
    long = "class Mine:\n    text = '" + "a " * 100 + "'\n"
    assert long.rstrip("\n") in replace(SCRIPT, definitions=(long,)).text


def test_versions_are_those_of_the_run_where_they_are_known() -> None:
    known = Environment("3.9.1", packages=(("pennylane", "0.21.0"), ("torch", "1.10.2")))
    assert versions(known) == "PennyLane 0.21.0, torch 1.10.2, Python 3.9.1"
    assert versions(None).endswith(f"Python {python_version()}")


def test_what_nobody_expected_exits_with_125(tmp_path: Path) -> None:
    script = replace(SCRIPT, imports=frozenset(), settings=(), body=("circuit(1)",)).text
    path = tmp_path / "script.py"
    path.write_text(script)
    ended = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert ended.returncode == 125
    assert "TypeError" in ended.stderr


def test_a_comment_holds_neither_code_nor_what_nobody_sees() -> None:
    lines = comment(["f\nimport os", "a\x1b[31mb\u202e", "x\u2028y\rz"])
    assert lines == ["# f import os", "# a\\x1b[31mb\\u202e", "# x y z"]


def test_a_script_that_catalyst_compiles_says_so() -> None:
    assert not SCRIPT.is_compiled_by_catalyst
    assert replace(SCRIPT, body=("a = qml.qjit(qml.QNode(circuit, dev))",)).is_compiled_by_catalyst
    run = Environment("3.11.7", packages=(("pennylane", "0.45.1"), (CATALYST, "0.15.0")))
    assert versions(run, ("pennylane", CATALYST)) == "PennyLane 0.45.1, Catalyst 0.15.0, Python 3.11.7"
