"""A quantum function cut out of the user's script, with the imports, constants and functions that it needs and nothing else."""

from __future__ import annotations

import ast
import builtins
import copy
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Union

from qdiag.errors import OpaqueCircuitError

ALLOWED = ("pennylane", "torch", "numpy", "math", "cmath", "functools", "itertools")
"""What a reproducer may import."""

NAME = "circuit"
"""What the quantum function is called once it is cut out."""


@dataclass(frozen=True)
class FunctionCut:
    """A quantum function that stands alone.

    Parameters
    ----------
    imports
        Lines.
    lines
        Constants and functions in the order of the script, the quantum function last.
    arguments
        Names of its arguments, in order.
    """

    imports: frozenset[str]
    lines: tuple[str, ...]
    arguments: tuple[str, ...]


def cut_function(text: str, line: int) -> FunctionCut:
    """Cut out the function that starts at a line, without its decorators.

    Raises
    ------
    OpaqueCircuitError
        If there is none, or it needs more of the script than can be taken along: the error says what.
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError):
        raise _refusal("its file cannot be read any more") from None
    function, around = _find_function(module, line)
    if around and isinstance(around[-1], ast.ClassDef):
        raise _refusal(f"it is a method of {around[-1].name}")
    inner = {name for node in around for name in _bound_names(node)}
    needed = _Needed(module, text.splitlines(), inner)
    bare = copy.copy(function)
    bare.decorator_list = []
    needed.follow(bare)
    lines = _lines(text.splitlines(), function)
    lines[0] = lines[0].replace(f"def {function.name}", f"def {NAME}", 1)
    names = tuple(argument.arg for argument in (*function.args.args, *function.args.kwonlyargs))
    return FunctionCut(frozenset(needed.imports), (*needed.lines, *lines), names)


def _refusal(why: str) -> OpaqueCircuitError:
    return OpaqueCircuitError(f"the quantum function cannot be cut out of the script: {why}", "cut the script down by hand")


def _find_function(module: ast.Module, line: int) -> tuple[ast.FunctionDef, list[ast.stmt]]:
    """The function that starts at a line, and what it is nested in, outermost first."""

    def below(node: ast.AST, around: list[ast.stmt]) -> Iterator[tuple[ast.FunctionDef, list[ast.stmt]]]:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.FunctionDef) and line in (inner.lineno, *(d.lineno for d in inner.decorator_list)):
                yield inner, around
            nested = isinstance(inner, (ast.FunctionDef, ast.ClassDef))
            yield from below(inner, [*around, inner] if nested else around)  # type: ignore[list-item]

    for found in below(module, []):
        return found
    raise _refusal("it is no function of its own")


def _lines(source: Sequence[str], node: ast.stmt) -> list[str]:
    """The lines of a statement, without decorators and without the indentation that they had."""
    return textwrap.dedent("\n".join(source[node.lineno - 1 : node.end_lineno])).splitlines()


def _bound_names(node: ast.AST) -> set[str]:
    """The names that are bound somewhere inside a node."""
    names: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.add(inner.id)
        elif isinstance(inner, ast.arg):
            names.add(inner.arg)
        elif isinstance(inner, (ast.FunctionDef, ast.ClassDef)):
            names.add(inner.name)
        elif isinstance(inner, ast.alias):
            names.add((inner.asname or inner.name).partition(".")[0])
        elif isinstance(inner, ast.ExceptHandler) and inner.name:
            names.add(inner.name)
    return names


def _free(node: ast.AST) -> list[str]:
    """The names that a node reads and does not bind, in order of appearance."""
    read = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)]
    bound = _bound_names(node)
    return [name for name in dict.fromkeys(read) if name not in bound and not hasattr(builtins, name)]


class _Needed:
    """What a function needs of its module, collected name by name."""

    def __init__(self, module: ast.Module, source: Sequence[str], inner: set[str]) -> None:
        self.module, self.source, self.inner = module, source, inner
        self.imports: set[str] = set()
        self.statements: dict[int, list[str]] = {}
        self.known: set[str] = set()

    @property
    def lines(self) -> list[str]:
        """The statements that were collected, in the order of the script."""
        return [line for position in sorted(self.statements) for line in self.statements[position]]

    def follow(self, node: ast.AST) -> None:
        """Collect what a node reads."""
        for name in _free(node):
            if name not in self.known:
                self.known.add(name)
                self._collect(name)

    def _collect(self, name: str) -> None:
        if name in self.inner:
            raise _refusal(f"it uses {name} of the function around it")
        binding = [(i, node) for i, node in enumerate(self.module.body) if name in _bindings(node)]
        if len(binding) != 1:
            raise _refusal(f"it uses {name}, which {'changes' if binding else 'is not defined where it can be seen'}")
        position, node = binding[0]
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports.add(_import(node, name))
            return
        if not isinstance(node, (ast.Assign, ast.FunctionDef)) or (isinstance(node, ast.FunctionDef) and node.decorator_list):
            raise _refusal(f"it uses {name}, which is more than a constant or a function")
        self.follow(node.value if isinstance(node, ast.Assign) else node)
        blank = ["", ""] if isinstance(node, ast.FunctionDef) else []
        self.statements[position] = [*_lines(self.source, node), *blank]


def _bindings(node: ast.stmt) -> set[str]:
    """The names that a statement of a module binds there, also inside a loop or a condition, but not inside a function."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    return _bound_names(node)


def _import(node: Union[ast.Import, ast.ImportFrom], name: str) -> str:
    alias = next(alias for alias in node.names if name == (alias.asname or alias.name).partition(".")[0])
    home = alias.name if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
    if home.partition(".")[0] not in ALLOWED:
        raise _refusal(f"it uses {name}, which is not PennyLane's, Torch's or numpy's")
    renamed = f" as {alias.asname}" if alias.asname else ""
    return f"import {alias.name}{renamed}" if isinstance(node, ast.Import) else f"from {home} import {alias.name}{renamed}"
