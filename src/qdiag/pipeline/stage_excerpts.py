"""The user's own lines around a finding: the quantum function, with the line of what is blamed, and the statement that called it.

Read when a run is judged, from the script beside it, where the trace is this user's own and the file is no newer than the trace.
"""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from typing import Optional

from qdiag.model.call import SourceLine
from qdiag.model.element import owner_of
from qdiag.model.findings import Excerpt, Finding

MOST_LINES = 40
"""Lines of a piece; longer ones are left out, as they are no piece but a program."""

LARGEST = 1 << 20
"""Bytes of a script that is read."""


def excerpts_of(finding: Finding, folder: Optional[Path], recorded: float) -> tuple[Excerpt, ...]:
    """The pieces of the user's script that a finding is about; none where it is not at hand.

    Parameters
    ----------
    finding
        The finding.
    folder
        The script's folder, or None where nothing is to be read.
    recorded
        When the recording began: a file that was changed since is another one.
    """
    call = finding.divergence.call
    found: list[Excerpt] = []
    function = statement_at(folder, call.configuration.source, recorded, functions=True)
    if function is not None:
        node, lines = function
        found.append(_excerpt(call.configuration.source, node, lines, _lines_of_operation(node, finding)))
    statement = statement_at(folder, call.source, recorded, functions=False)
    if statement is not None:
        node, lines = statement
        found.append(_excerpt(call.source, node, lines, (call.source.line,)))
    return tuple(excerpt for excerpt in found if excerpt.text.count("\n") < MOST_LINES)


Statement = tuple[ast.stmt, list[str]]
"""A statement, and the lines of its file."""


def statement_at(folder: Optional[Path], place: SourceLine, recorded: float, *, functions: bool) -> Optional[Statement]:
    """The innermost statement at a line, with the lines of its file: a function's definition, or one that holds no others."""
    text = _text(folder, place, recorded)
    try:
        tree = ast.parse(text) if text else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if tree is None or text is None:
        return None
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and _first_line(node) <= place.line <= (node.end_lineno or node.lineno)
        and (isinstance(node, kinds) if functions else not hasattr(node, "body"))
    ]
    innermost = max(around, key=lambda node: (_first_line(node), -(node.end_lineno or 0)), default=None)
    return None if innermost is None else (innermost, text.splitlines())


def _text(folder: Optional[Path], place: SourceLine, recorded: float) -> Optional[str]:
    if folder is None or not place.path:
        return None
    try:
        path = (folder / place.path).resolve()
        inside = folder.resolve() in path.parents and path.suffix == ".py"
        facts = path.stat() if inside else None
        if facts is None or facts.st_size > LARGEST or facts.st_mtime > recorded:
            return None
        return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return None


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _excerpt(place: SourceLine, node: ast.stmt, lines: list[str], marked: tuple[int, ...]) -> Excerpt:
    first, last = _first_line(node), node.end_lineno or node.lineno
    return Excerpt(f"{place.path}:{first}", textwrap.dedent("\n".join(lines[first - 1 : last])), first, marked)


def _lines_of_operation(function: ast.stmt, finding: Finding) -> tuple[int, ...]:
    """The line of a quantum function at which the operation is that an element belongs to, where there is only one that may be it."""
    circuit, element = finding.divergence.call.circuit, finding.divergence.comparison.element
    owner = None if element is None else owner_of(circuit, element.by)
    if owner is None:
        return ()
    if owner in circuit.measurements:
        returns = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Return)]
        return (returns[0],) if len(returns) == 1 else ()
    named = [node.lineno for node in ast.walk(function) if isinstance(node, ast.Call) and _called(node) == owner.name]
    return (named[0],) if len(named) == 1 else ()


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""

