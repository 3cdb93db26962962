"""Modules that lie beside the user's script, as its device's class may: imported by workers where that does nothing but define.

The script has imported them before; to do that again must leave no trace. So one is taken only where its own lines are imports,
definitions and values, and no library has its name.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Optional

_MAKING = ("pennylane", "qml", "qp", "numpy", "np", "torch", "math", "logging", "typing", "enum", "collections", "functools", "re")
"""What values may be made with: what these make leaves no trace, but for `_BUT`."""

_WRITING = ("save", "savez", "savez_compressed", "savetxt", "memmap", "open_memmap", "FileHandler", "basicConfig")
_DRAWING = ("random", "rand", "randn", "randint", "randperm", "normal")
_BUT = frozenset((*_WRITING, *_DRAWING))
"""What writes into the user's folder, or gives another value each time it is imported."""

_BUILT_IN = ("frozenset", "set", "dict", "list", "tuple", "range", "float", "int", "complex", "str", "sorted", "len", "object")


class BesideScript(MetaPathFinder):
    """Finds what nobody else does, in one folder.

    Parameters
    ----------
    folder
        Of the script.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        """Where a module is, as imports ask; None for what is no single file there, or does more than to define."""
        found = PathFinder.find_spec(name, [self._folder], target) if path is None else None
        loader = None if found is None else found.loader
        if not isinstance(loader, SourceFileLoader) or found is None or found.submodule_search_locations is not None:
            return None
        return found if only_defines(loader.get_data(loader.get_filename(name)).decode("utf-8", "replace")) else None


def look_beside(folder: str) -> None:
    """Have this process import from a folder what it finds nowhere else."""
    # what is imported must leave no trace in the user's folder, a __pycache__ neither
    sys.dont_write_bytecode = True
    sys.meta_path.append(BesideScript(folder))


def only_defines(source: str) -> bool:
    """Whether a module's own lines are imports, definitions and values that are made of nothing but values."""
    try:
        return all(map(_defines, ast.parse(source).body))
    except (SyntaxError, ValueError, RecursionError):
        return False


def _defines(line: ast.stmt) -> bool:
    if isinstance(line, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.Pass)):
        return True
    if isinstance(line, ast.ClassDef):
        return all(map(_defines, line.body))
    if isinstance(line, ast.Expr):
        return isinstance(line.value, ast.Constant)
    if isinstance(line, ast.If):
        # under ``if __name__ == "__main__"`` stands what runs as a script alone
        return _asks_for_main(line.test) or all(map(_defines, [*line.body, *line.orelse]))
    if isinstance(line, (ast.Assign, ast.AnnAssign)):
        return line.value is None or all(_makes(call) for call in ast.walk(line.value) if isinstance(call, ast.Call))
    if isinstance(line, ast.Try):
        handled = (inner for handler in line.handlers for inner in handler.body)
        return all(map(_defines, [*line.body, *handled, *line.orelse, *line.finalbody]))
    return False


def _asks_for_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _makes(call: ast.Call) -> bool:
    *attributes, root = _chain(call.func)
    if any(isinstance(one, ast.Attribute) and one.attr in _BUT for one in attributes):
        return False
    if not isinstance(root, ast.Name):
        # a method of a text or a number, or of what another call made, which is looked at by itself
        return isinstance(root, (ast.Constant, ast.Call))
    return root.id in (_BUILT_IN if root is call.func else _MAKING)


def _chain(function: ast.expr) -> Iterator[ast.expr]:
    """What a function is an attribute of, inwards to what it begins with."""
    while isinstance(function, ast.Attribute):
        yield function
        function = function.value
    yield function
