"""The source of a class that the script defines, with the imports, bases, functions and constants that it names.

What is put together here stands on its own: it goes into the trace, and into a reproducer. A class of an installed package is imported
from there: whoever runs the script has the package, and its source may need all of it.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import symtable
import sys
import textwrap
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

LIBRARIES = ("pennylane", "numpy", "torch", "autograd", "math", "cmath", "scipy", "functools", "itertools", "typing")
"""Modules that a recorded class may import from."""

MOST_CHARACTERS = 100_000
"""A class that needs more source than this is known by name only: it is an application, not an operation."""

_known: dict[type, str] = {}


def definition_of(kind: type) -> str:
    """The source of a class with all that it needs, or "" where that cannot be had."""
    if kind not in _known:
        try:
            _known[kind] = _installed(kind) or _Definition().of(kind)
        except (OSError, TypeError, SyntaxError, ValueError, RecursionError):
            _known[kind] = ""
    return _known[kind]


PACKAGES = ("site-packages", "dist-packages")
"""Folders in which packages are installed."""


def _installed(kind: type) -> str:
    """The import of a class from the package that it is installed with; "" where a script of the user's defines it."""
    module = sys.modules.get(kind.__module__)
    parts = (getattr(module, "__file__", None) or "").replace("\\", "/").split("/")
    found = not {*PACKAGES}.isdisjoint(parts) and getattr(module, kind.__qualname__, None) is kind
    return f"from {kind.__module__} import {kind.__name__}\n" if found else ""


def remember(kind: type, definition: str) -> None:
    """Take down the source that a class was made from, for it is in no file."""
    _known[kind] = definition


class _Definition:
    """Collects the source of a class after the sources of what it needs, each once."""

    def __init__(self) -> None:
        self.imports: list[str] = []
        self.sources: list[str] = []
        self.seen: set[str] = set()
        self.path = ""
        self.scope: dict[str, Any] = {}

    def of(self, item: Any) -> str:
        self.add(item)
        text = "\n\n\n".join(["\n".join(self.imports), *self.sources] if self.imports else self.sources) + "\n"
        return text if len(text) <= MOST_CHARACTERS else ""

    def add(self, item: Any) -> None:
        self.seen.add(item.__name__)
        source = textwrap.dedent(_source_of(item, self.path)).rstrip("\n")
        module = sys.modules.get(item.__module__)
        scope = _globals_of(item) or self.scope or (vars(module) if module else {})
        self.path, self.scope = self.path or _path_of(item), self.scope or scope
        for name in _free_names(source):
            if name not in self.seen and name in scope:
                self.need(name, scope[name])
        self.sources.append(source)

    def need(self, name: str, item: Any) -> None:
        self.seen.add(name)
        home = item.__name__ if isinstance(item, ModuleType) else getattr(item, "__module__", None) or ""
        item = item.item() if isinstance(item, np.generic) else item
        of_library = home.partition(".")[0] in LIBRARIES and _can_be_imported(home, item, name)
        if of_library or (isinstance(item, type) and _installed(item)):
            self.imports.append(_import_of(home, item, name))
        elif isinstance(item, (type, FunctionType)):
            self.add(item)
        elif _is_literal(item):
            self.sources.append(f"{name} = {item!r}")


def _functions_in(item: Any) -> Iterator[FunctionType]:
    for value in [item, *vars(item).values()]:
        function = getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        if isinstance(function, FunctionType):
            yield function


def _globals_of(item: Any) -> dict[str, Any]:
    # A script run by another program is not what sys.modules holds under its name, but its functions know their globals.
    return next((function.__globals__ for function in _functions_in(item) if function.__module__ == item.__module__), {})


def _path_of(item: Any) -> str:
    return next((function.__code__.co_filename for function in _functions_in(item)), "")


def _source_of(item: Any, path: str) -> str:
    """The source of a class or function; a class without functions is looked for in the file of the class that needs it."""
    if isinstance(item, type):
        functions = list(_functions_in(item))
        line = functions[0].__code__.co_firstlineno if functions else 0
        source = _class_in(_path_of(item) or path, item.__qualname__, line)
        if source:
            return source
    return inspect.getsource(item)


def _class_in(path: str, qualified_name: str, line: int) -> str:
    """The source of the class of that name, around a line if one is given; "" where there is none."""
    lines = linecache.getlines(path)
    name = qualified_name.rpartition(".")[2]
    for node in ast.walk(ast.parse("".join(lines))):
        if isinstance(node, ast.ClassDef) and node.name == name and (not line or node.lineno <= line <= (node.end_lineno or 0)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "".join(lines[first - 1 : node.end_lineno])
    return ""


def _import_of(home: str, item: Any, name: str) -> str:
    if isinstance(item, ModuleType):
        return f"import {home}" if home == name else f"import {home} as {name}"
    original = getattr(item, "__name__", name)
    return f"from {home} import {original}" if original == name else f"from {home} import {original} as {name}"


def _can_be_imported(home: str, item: Any, name: str) -> bool:
    """Whether the module has it: a tensor of the script says, too, that it is of torch's module, a partial that it is of functools."""
    return hasattr(item, "__name__") or getattr(sys.modules.get(home), name, None) is item


def _is_literal(item: Any) -> bool:
    if isinstance(item, (tuple, list)):
        return all(map(_is_literal, item))
    return item is None or type(item) in (bool, int, float, complex, str)


def _free_names(source: str) -> list[str]:
    """The names that a source takes from around it, in the order in which it names them; its arguments and variables are none."""
    tables = [symtable.symtable(source, "<class>", "exec")]
    found: set[str] = set()
    while tables:
        table = tables.pop()
        found.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and not symbol.is_assigned())
        tables += table.get_children()
    names = [node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(names) if name in found and not hasattr(builtins, name)]
