"""Follows the code of the package while it runs, and writes down from which file it goes to which: the instrument of `journeys`.

``sys.setprofile`` sees each function start. What counts, and what the walk is, stands in `journeys`.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import gc
import importlib
import inspect
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple, Optional

PACKAGE = "qdiag"

FOLLOWED = ("__init__", "__call__", "__enter__", "__exit__")
"""Special methods that do something; others are read like an attribute."""

MOST_ELEMENTS = 16
"""So many elements of a container are looked at."""


class Step(NamedTuple):
    """From one function, or none, to another: which they are, in words that are the same in every process, and their files."""

    functions: str
    origin: str
    file: str


class Walk:
    """What one journey has come past so far."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.names: set[str] = set()
        self._before: Optional[dict[int, Any]] = None
        self._given: dict[int, Any] = {}

    def begin(self, given: Any) -> None:
        """Set out, or go on: what is there already is no carrier, but for what is given and its parts."""
        if self._before is None:
            self._before = {id(known): known for known in gc.get_objects() if is_value(type(known))}
        self._given.update((id(part), part) for part in parts_of(given))

    def look(self, variables: Mapping[str, Any]) -> None:
        """Take note of the names that hold a carrier."""
        for name, value in variables.items():
            if name.strip("_.") and name not in ("self", "cls") and any(map(self._is_carrier, _elements(value))):
                self.names.add(name)

    def _is_carrier(self, value: Any) -> bool:
        return id(value) in self._given or (is_value(type(value)) and id(value) not in (self._before or {}))


def stays_of(moves: Iterable[Sequence[str]]) -> list[str]:
    """The files that steps come past, in the order in which they are visited."""
    return [file for file, _ in itertools.groupby(file for move in moves for file in move if file)]


_IS_VALUE: dict[type, bool] = {}


def is_value(kind: type) -> bool:
    """Whether a class is the package's own and declares fields."""
    known = _IS_VALUE.get(kind)
    if known is None:
        module = str(getattr(kind, "__module__", ""))
        slots = any(vars(base).get("__slots__") for base in kind.__mro__ if str(getattr(base, "__module__", "")).startswith(PACKAGE))
        declared = dataclasses.is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields")) or slots
        known = _IS_VALUE[kind] = module.partition(".")[0] == PACKAGE and declared
    return known


def _elements(value: Any) -> Iterable[Any]:
    if type(value) in (tuple, list, set, frozenset):
        return itertools.islice(value, MOST_ELEMENTS)
    return itertools.islice(value.values(), MOST_ELEMENTS) if type(value) is dict else (value,)


def parts_of(value: Any) -> Iterator[Any]:
    """A value of the package and all values of the package in it."""
    if is_value(type(value)):
        yield value
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                yield from parts_of(getattr(value, field.name))
        elif isinstance(value, tuple):
            for element in value:
                yield from parts_of(element)
    elif type(value) in (tuple, list, set, frozenset, dict):
        for element in value.values() if isinstance(value, dict) else value:
            yield from parts_of(element)


class Function(NamedTuple):
    """A function of the package: its file, whether it is followed, whether it is the body of a module."""

    file: str
    followed: bool
    loads: bool


class Walker:
    """Follows the code that runs, and writes down the walk of each journey that is under way.

    Parameters
    ----------
    root
        The folder of the package.
    entries
        Journey → the functions in which it takes place, each as `entry` reads it.
    """

    def __init__(self, root: Path, entries: Mapping[str, Sequence[str]]) -> None:
        self.walks = {journey: Walk() for journey in entries}
        self._root = str(root) + os.sep
        self._entries = {code: (journey, given) for journey in entries for code, given in map(entry, entries[journey])}
        self._under_way: dict[str, Optional[FrameType]] = {}
        self._functions: dict[CodeType, Optional[Function]] = {}
        self._passed_over: dict[str, list[range]] = {}
        self._loading = 0

    def follow(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take an event of the interpreter."""
        if event not in ("call", "return"):
            return
        code = frame.f_code
        function = self._functions[code] if code in self._functions else self._functions.setdefault(code, self._function(code))
        if function is None:
            return
        if function.loads:
            self._loading += 1 if event == "call" else -1
        elif not self._loading:
            if event == "call" and code in self._entries:
                self._begin(frame, *self._entries[code])
            if self._under_way and function.followed:
                self._see(frame, function, event)
            if event == "return" and code in self._entries and self._under_way.get(self._entries[code][0]) is frame:
                del self._under_way[self._entries[code][0]]

    def _begin(self, frame: FrameType, journey: str, given: str) -> None:
        if journey not in self._under_way:
            self._under_way[journey] = frame
            self.walks[journey].begin(frame.f_locals[given] if given else None)

    def _see(self, frame: FrameType, function: Function, event: str) -> None:
        variables = frame.f_locals
        for journey, begun in self._under_way.items():
            walk = self.walks[journey]
            walk.look(variables)
            if event == "call":
                step = self._step(frame, function, begun)
                walk.steps.setdefault(step.functions, step)

    def _step(self, frame: FrameType, function: Function, begun: Optional[FrameType]) -> Step:
        caller = None if frame is begun else frame.f_back
        while caller is not None:
            found = self._functions.get(caller.f_code)
            if found is not None and found.followed:
                return Step(f"{_place(caller)} {_place(frame)}", found.file, function.file)
            caller = None if caller is begun else caller.f_back
        return Step(_place(frame), "", function.file)

    def _function(self, code: CodeType) -> Optional[Function]:
        if not (code.co_filename.startswith(self._root) and code.co_filename.endswith(".py")):
            return None
        file = code.co_filename[len(self._root) :]
        if file not in self._passed_over:
            self._passed_over[file] = list(_passed_over(ast.parse(Path(code.co_filename).read_text(encoding="utf-8"))))
        followed = not any(code.co_firstlineno in lines for lines in self._passed_over[file])
        return Function(file, followed, loads=code.co_name == "<module>")

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow what runs in here, as far as it is part of a journey."""
        sys.setprofile(self.follow)
        try:
            yield
        finally:
            sys.setprofile(None)

    @contextmanager
    def walking(self, journey: str) -> Iterator[None]:
        """All that is followed in here is part of a journey."""
        self.walks[journey].begin(None)
        self._under_way[journey] = None
        try:
            yield
        finally:
            del self._under_way[journey]


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_filename}:{code.co_firstlineno}:{code.co_name}"


def _passed_over(tree: ast.Module) -> Iterator[range]:
    """The lines of functions that only say what a value is."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            is_property = any(isinstance(one, ast.Name) and one.id == "property" for one in node.decorator_list)
            is_special = node.name.startswith("__") and node.name.endswith("__") and node.name not in FOLLOWED
            if is_property or is_special:
                yield range(min([node.lineno, *(one.lineno for one in node.decorator_list)]), (node.end_lineno or node.lineno) + 1)


def entry(words: str) -> tuple[CodeType, str]:
    """The code of an entry, and the name of the parameter that brings the value, or "".

    Raises
    ------
    LookupError
        If there is no such function: it has moved, and the entries must follow.
    """
    name, _, given = words.rstrip(")").partition("(")
    module, _, path = name.partition(":")
    try:
        function: Any = inspect.unwrap(functools.reduce(getattr, path.split("."), importlib.import_module(module)))  # type: ignore[arg-type]
    except (ImportError, AttributeError) as error:
        raise LookupError(f"there is no {words}: set ENTRIES right") from error
    if given and given not in inspect.signature(function).parameters:
        raise LookupError(f"{name} has no parameter {given}: set ENTRIES right")
    return function.__code__, given
