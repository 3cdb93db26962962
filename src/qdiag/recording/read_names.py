"""Which names a Python function reads from around itself: globals, closures, attributes, also by way of functions of the script's.

Told from the code alone: nothing is called, no property is asked, and what is found is where a value lies, not the value.
"""

from __future__ import annotations

import dis
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Optional

MOST_FUNCTIONS = 64
"""Functions of the script's that are followed from one."""

MOST_NAMES = 128
"""Names that are told of one function and those that it leads to."""

_ROOTS = {"LOAD_GLOBAL": "global", "LOAD_NAME": "global", "LOAD_DEREF": "cell", "LOAD_CLASSDEREF": "cell"}
_FAST = ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_STORED = {"STORE_GLOBAL": "global", "STORE_DEREF": "cell"}


class Read(NamedTuple):
    """A read in a code object: where the name's value comes from, the name, attributes that are asked of it, and the line."""

    root: str
    name: str
    attributes: tuple[str, ...]
    line: int


class Home:
    """Where a value lies: a dictionary and a key, or a cell of a function; of what the script makes only modules are kept alive.

    Parameters
    ----------
    get, put
        Ask for the value, and put another one there.
    owner
        Whatever has to live for that; None where it does anyway.
    """

    def __init__(self, get: Callable[[], Any], put: Callable[[Any], None], owner: Callable[[], Any] = lambda: None) -> None:
        self.get, self.put, self.owner = get, put, owner


class Name(NamedTuple):
    """A name that a function reads: as written, where its value lies, in which function and line, and whether that sets it as well."""

    text: str
    home: Home
    code: types.CodeType
    line: int
    own: bool


def names_read(function: Any, locals_: Mapping[str, Any], is_of_script: Callable[[types.CodeType], bool]) -> Iterator[Name]:
    """The names that a function reads, and those that functions of the script's read which it leads to.

    Parameters
    ----------
    function
        A Python function, or a method.
    locals_
        What its parameters were bound to, as far as that is known: attributes of these are names, too.
    is_of_script
        Whether code is the script's own.
    """
    seen: set[int] = set()
    waiting: list[tuple[types.FunctionType, Mapping[str, Any]]] = [*_plain_function(function, locals_)]
    told = 0
    while waiting and len(seen) < MOST_FUNCTIONS:
        following, bound = waiting.pop(0)
        if id(following.__code__) in seen:
            continue
        seen.add(id(following.__code__))
        for name, value in _names_in(following, bound):
            if _is_function(value):
                waiting += [one for one in _plain_function(value, {}) if is_of_script(one[0].__code__)]
            elif told < MOST_NAMES:
                told += 1
                yield name


def _is_function(value: Any) -> bool:
    return isinstance(value, (types.FunctionType, types.MethodType))


def _plain_function(function: Any, bound: Mapping[str, Any]) -> Iterator[tuple[types.FunctionType, Mapping[str, Any]]]:
    if isinstance(function, types.MethodType):
        owner, function = function.__self__, function.__func__
        names = getattr(getattr(function, "__code__", None), "co_varnames", ())
        bound = {**bound, **({names[0]: owner} if names else {})}
    if isinstance(function, types.FunctionType):
        yield function, bound


def _names_in(function: types.FunctionType, bound: Mapping[str, Any]) -> Iterator[tuple[Name, Any]]:
    stored = {(root, name) for code in _codes(function.__code__) for root, name in _stores(code)}
    told: set[tuple[str, ...]] = set()
    for code in _codes(function.__code__):
        for read in reads_in(code):
            key = (read.root, read.name, *read.attributes)
            if key in told or (read.root == "local" and code is not function.__code__):
                continue
            told.add(key)
            found = _resolve(function, read, bound)
            if found is not None:
                text, home, value = found
                own = (read.root, text) in stored or (("attribute", text.rpartition(".")[2]) in stored and "." in text)
                yield Name(text, home, code, read.line, own), value


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of what is defined inside of it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def reads_in(code: types.CodeType) -> Iterator[Read]:
    """Each read of a global, of a closure's variable or of an attribute of a parameter."""
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    line, chain = code.co_firstlineno, None
    for instruction in dis.get_instructions(code):
        line = _line_of(instruction, line)
        if chain is not None and instruction.opname in _ATTRIBUTES:
            chain = chain._replace(attributes=(*chain.attributes, str(instruction.argval)))
            continue
        if instruction.opname == "EXTENDED_ARG":
            continue
        if chain is not None and (chain.root != "local" or chain.attributes):
            yield chain
        chain = None
        root = _ROOTS.get(instruction.opname)
        if root == "cell" and instruction.argval in code.co_cellvars:
            # a variable of its own, which functions inside of it share
            root = None
        if root is not None or (instruction.opname in _FAST and instruction.argval in parameters):
            chain = Read(root or "local", str(instruction.argval), (), line)
    if chain is not None and (chain.root != "local" or chain.attributes):
        yield chain


def _stores(code: types.CodeType) -> Iterator[tuple[str, str]]:
    for instruction in dis.get_instructions(code):
        root = _STORED.get(instruction.opname)
        if root is not None and not (root == "cell" and instruction.argval in code.co_cellvars):
            yield root, str(instruction.argval)
        elif instruction.opname == "STORE_ATTR":
            yield "attribute", str(instruction.argval)


def _line_of(instruction: Any, line: int) -> int:
    positions = getattr(instruction, "positions", None)
    found = positions.lineno if positions is not None else instruction.starts_line
    return found if type(found) is int else line


def _resolve(function: types.FunctionType, read: Read, bound: Mapping[str, Any]) -> Optional[tuple[str, Home, Any]]:
    """The name as far as it leads to a value, where that lies, and the value now; None where nothing is there."""
    found = _root(function, read, bound)
    if found is None:
        return None
    text, home, value = read.name, *found
    for attribute in read.attributes:
        space = getattr(value, "__dict__", None) if not isinstance(value, type) else None
        if type(space) is dict and attribute in space:
            text, home, value = f"{text}.{attribute}", _in_object(value, space, attribute), space[attribute]
            continue
        method = next((vars(kind)[attribute] for kind in type(value).__mro__ if attribute in vars(kind)), None)
        if isinstance(method, types.FunctionType):
            return f"{text}.{attribute}", home, types.MethodType(method, value)
        break
    return text, home, value


def _root(function: types.FunctionType, read: Read, bound: Mapping[str, Any]) -> Optional[tuple[Home, Any]]:
    if read.root == "global":
        space = function.__globals__
        return (_in_dictionary(space, read.name), space[read.name]) if read.name in space else None
    if read.root == "local":
        return (_nowhere(), bound[read.name]) if read.name in bound else None
    try:
        value = _cell(function, read.name).cell_contents
    except (LookupError, ValueError):
        # of a function inside, or not set yet
        return None
    return _in_cell(function, read.name), value


def _cell(function: types.FunctionType, name: str) -> Any:
    names = function.__code__.co_freevars
    if name not in names:
        raise LookupError(name)
    return (function.__closure__ or ())[names.index(name)]


def _in_dictionary(space: dict[str, Any], name: str) -> Home:
    return Home(lambda: space[name], lambda value: space.__setitem__(name, value))


def _in_cell(function: types.FunctionType, name: str) -> Home:
    kept = weakref.ref(function)

    def cell() -> Any:
        alive = kept()
        if alive is None:
            raise LookupError(name)
        return _cell(alive, name)

    return Home(lambda: cell().cell_contents, lambda value: setattr(cell(), "cell_contents", value), kept)


def _in_object(owner: Any, space: dict[str, Any], name: str) -> Home:
    if isinstance(owner, types.ModuleType):
        return _in_dictionary(space, name)
    try:
        kept = weakref.ref(owner)
    except TypeError:
        return _nowhere()

    def alive() -> dict[str, Any]:
        found = kept()
        if found is None:
            raise LookupError(name)
        space: dict[str, Any] = vars(found)
        return space

    return Home(lambda: alive()[name], lambda value: alive().__setitem__(name, value), kept)


def _nowhere() -> Home:
    def missing(*_: Any) -> Any:
        raise LookupError("it has no place of its own")

    return Home(missing, missing)
