"""Python expressions as a small tree that can be written and, without ever evaluating text, built.

That the two go together is what makes generated source trustworthy: what is checked is the object built from the very
tree that is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Union

import numpy as np

from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.bridges.source.literals import Style, literal, plain_text
from qdiag.model.import_lines import NUMPY
from qdiag.model.parameter import Parameter

_INFIX: dict[str, Callable[[Any, Any], Any]] = {
    "@": operator.matmul,
    "*": operator.mul,
    "+": operator.add,
    "-": operator.sub,
    "&": operator.and_,
    "|": operator.or_,
    "==": operator.eq,
}
_BINDING = {"==": 0, "|": 1, "&": 3, "+": 5, "-": 5, "@": 6, "*": 6}
_ATOM = 9


@dataclass(frozen=True)
class Constant:
    """A Python literal that is not one of the circuit's numbers: text, a wire label, an option."""

    value: Any


@dataclass(frozen=True)
class Path:
    """A dotted name such as ``qml.RX``, and the object that it stands for."""

    text: str
    value: Any
    imports: str = ""


@dataclass(frozen=True)
class Name:
    """A variable of the surrounding function."""

    text: str


@dataclass(frozen=True, eq=False)
class Number:
    """One of the circuit's numbers."""

    parameter: Parameter


@dataclass(frozen=True, eq=False)
class Items:
    """A tuple, list or set display; the kind is its opening bracket."""

    kind: str
    parts: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Pairs:
    """A dictionary display."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, eq=False)
class Call:
    """A call with positional and keyword arguments."""

    function: Expression
    arguments: tuple[Expression, ...] = ()
    keywords: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, eq=False)
class Attribute:
    """A method or other attribute of what an expression stands for."""

    owner: Expression
    name: str


@dataclass(frozen=True, eq=False)
class Infix:
    """Two expressions joined by an operator."""

    symbol: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Inverted:
    """``~`` before an expression."""

    operand: Expression


@dataclass(frozen=True, eq=False)
class Later:
    """A function without arguments that gives the expression."""

    body: Expression


Expression = Union[Constant, Path, Name, Number, Items, Pairs, Call, Attribute, Infix, Inverted, Later]


# --- writing -----------------------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Writes expressions, and keeps account of the imports that they need.

    Parameters
    ----------
    style
        How numbers are written.
    names
        Numbers that have a name instead, by the identity of the `Parameter`.
    """

    style: Style
    names: Mapping[int, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    def text(self, expression: Expression, binding: int = 0) -> str:
        """An expression as source, in parentheses where what surrounds it binds more tightly."""
        text, own = self._text_and_binding(expression)
        return f"({text})" if own < binding else text

    def _text_and_binding(self, expression: Expression) -> tuple[str, int]:
        if isinstance(expression, Number):
            return self._parameter(expression.parameter)
        if isinstance(expression, Call):
            return f"{self.text(expression.function, _ATOM)}({self._arguments(expression)})", _ATOM
        if isinstance(expression, Attribute):
            return f"{self.text(expression.owner, _ATOM)}.{expression.name}", _ATOM
        if isinstance(expression, Infix):
            own = _BINDING[expression.symbol]
            # Python reads a == b == c as two comparisons of b
            left = own + 1 if expression.symbol == "==" else own
            return f"{self.text(expression.left, left)} {expression.symbol} {self.text(expression.right, own + 1)}", own
        if isinstance(expression, Inverted):
            return f"~{self.text(expression.operand, _ATOM)}", 8
        if isinstance(expression, Later):
            return f"lambda: {self.text(expression.body)}", -1
        if isinstance(expression, Items):
            return self._items(expression), _ATOM
        if isinstance(expression, Pairs):
            return "{" + ", ".join(f"{self.text(key)}: {self.text(item)}" for key, item in expression.items) + "}", _ATOM
        if isinstance(expression, Path):
            if expression.imports:
                self.imports.add(expression.imports)
            return expression.text, _ATOM
        return (expression.text, _ATOM) if isinstance(expression, Name) else self._constant(expression.value)

    def _parameter(self, parameter: Parameter) -> tuple[str, int]:
        if id(parameter) in self.names:
            text = self.names[id(parameter)]
            return text, 6 if "*" in text else _ATOM
        text, imports = literal(parameter, self.style)
        self.imports |= imports
        return text, 5 if parameter.value.dtype.kind == "c" or text.startswith("-") else _ATOM

    def _constant(self, value: Any) -> tuple[str, int]:
        if isinstance(value, (float, complex)):
            text, _ = literal(Parameter(np.array(value)), Style())
            return text, 5
        return plain_text(value), _ATOM

    def _arguments(self, call: Call) -> str:
        keywords = [f"{name}={self.text(value)}" for name, value in call.keywords]
        return ", ".join([*map(self.text, call.arguments), *keywords])

    def _items(self, items: Items) -> str:
        inner = ", ".join(map(self.text, items.parts))
        if items.kind == "(":
            return f"({inner},)" if len(items.parts) == 1 else f"({inner})"
        if items.kind == "{":
            return f"{{{inner}}}" if items.parts else "set()"
        return f"[{inner}]"


# --- building ----------------------------------------------------------------------------------------------------------


def build(expression: Expression, scope: Mapping[str, Any], style: Style, *, untracked: bool = False) -> Any:
    """The object that an expression stands for.

    Parameters
    ----------
    expression
        The expression.
    scope
        Values of the names in it.
    style
        The style in which it is written: it decides the containers of numbers.
    untracked
        As for `stand_in`.
    """

    def part_of(part: Expression) -> Any:
        return build(part, scope, style, untracked=untracked)

    if isinstance(expression, Number):
        return plain_number(stand_in(style.as_written(expression.parameter), untracked=untracked))
    if isinstance(expression, Later):
        return lambda: part_of(expression.body)
    if isinstance(expression, (Constant, Path)):
        return expression.value
    if isinstance(expression, Name):
        return scope[expression.text]
    return _BUILDERS[type(expression)](expression, part_of)


def stand_in(parameter: Parameter, *, untracked: bool = False) -> Parameter:
    """The number by which a spelling is tried out: JAX's arrays do not say what is trained, and have the precision of the process.

    Where it is to be ``untracked``, it is an array of NumPy's, which says it as little: some constructors lose autograd's on the way.
    """
    if parameter.container != "jax":
        return parameter
    return replace(parameter, container="numpy", trainable=False) if untracked else replace(parameter, container="autograd")


Build = Callable[[Expression], Any]


def _call(call: Call, build: Build) -> Any:
    function = build(call.function)
    return function(*map(build, call.arguments), **{name: build(value) for name, value in call.keywords})


_BUILDERS: dict[type, Callable[[Any, Build], Any]] = {
    Call: _call,
    Attribute: lambda attribute, build: getattr(build(attribute.owner), attribute.name),
    Infix: lambda infix, build: _INFIX[infix.symbol](build(infix.left), build(infix.right)),
    Inverted: lambda inverted, build: ~build(inverted.operand),
    Items: lambda items, build: {"(": tuple, "[": list, "{": set}[items.kind](map(build, items.parts)),
    Pairs: lambda pairs, build: {build(key): build(item) for key, item in pairs.items},
}


def numpy_path(name: str) -> Path:
    """A name of numpy's."""
    return Path(f"np.{name}", getattr(np, name), NUMPY)
