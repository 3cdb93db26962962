"""Where in the script a function with jumps is called: what can be said of a loss that nobody could try."""

from __future__ import annotations

import ast
from collections.abc import Set
from pathlib import Path
from typing import NamedTuple, Optional

from qdiag.diagnosis.training.script_source import tree_of
from qdiag.model.call import SourceLine

MOST = 3
"""Lines that are named."""


class StepLine(NamedTuple):
    """A call of a function with jumps."""

    name: str
    place: SourceLine


def lines_with_steps(folder: Optional[Path], near: SourceLine, names: Set[str]) -> tuple[StepLine, ...]:
    """Lines of a file of the script's that call one of some functions, the nearest to a line first.

    Parameters
    ----------
    folder
        The script's.
    near
        The file, and the line.
    names
        Of the functions.
    """
    tree = tree_of(folder, near)
    calls = () if tree is None else (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = [StepLine(name, SourceLine(near.path, call.lineno)) for call in calls if (name := _name(call.func)) in names]
    return tuple(sorted(found, key=lambda line: abs(line.place.line - near.line)))[:MOST]


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
