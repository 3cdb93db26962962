"""The text of a script: comments that stay comments, and long lines that keep their meaning."""

from __future__ import annotations

import ast

from qdiag.proving.reproducer.script_text import Script, comment


def test_comments_cannot_break_out_of_their_line():
    assert comment(["first\nimport os\r\x0b# second"]) == ["# first import os # second"]


def test_long_lines_are_folded_where_that_changes_nothing():
    line = f"    qml.RX([{', '.join(['0.123456789'] * 40)}], wires=0)"
    text = Script((), frozenset(), (), (), ("def circuit():", line), ("circuit()",)).text
    assert max(map(len, text.splitlines())) <= 120
    assert ast.dump(ast.parse(text.split("\n\n\n")[1])) == ast.dump(ast.parse(f"def circuit():\n{line}"))
    odd = f'    qml.Barrier(wires=["{"a " * 80}"])'
    assert odd in Script((), frozenset(), (), (), ("def circuit():", odd), ("circuit()",)).text
