"""The few lines that the launcher starts: they leave no name behind, and run under a file name that warnings pass over."""

from __future__ import annotations

import ast
from pathlib import Path

from qdiag.recording import launcher

SOURCE = Path(launcher._BOOTSTRAP)


def test_its_name_makes_warnings_pass_over_it() -> None:
    assert "importlib" in SOURCE.name
    assert "_bootstrap" in SOURCE.name


def test_it_binds_no_name_that_the_script_could_find_in_main() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    bound = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.NamedExpr))
        or (isinstance(node, ast.ExceptHandler) and node.name)
    ]
    assert bound == []


def test_it_reaches_everything_through_builtins_since_its_names_are_gone_by_then() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} == {"__import__", "__file__"}


def test_it_takes_back_the_folder_that_it_put_on_the_path() -> None:
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert calls.count("__import__('sys').path.append") == calls.count("__import__('sys').path.pop") == 1
