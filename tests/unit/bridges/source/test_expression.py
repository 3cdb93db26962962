"""Expressions: what is written, read back by Python, is what is built."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.bridges.source.expression import (
    Attribute,
    Call,
    Constant,
    Expression,
    Infix,
    Inverted,
    Items,
    Later,
    Name,
    Number,
    Pairs,
    Path,
    Writer,
    build,
    numpy_path,
)
from qdiag.bridges.source.literals import Style
from qdiag.model.import_lines import NUMPY
from qdiag.model.parameter import Parameter

STYLE = Style()
SCOPE: dict[str, Any] = {"a": 3, "b": 5, "c": 6}


def written(expression: Expression, **options: Any) -> str:
    return Writer(STYLE, **options).text(expression)


def read(expression: Expression) -> Any:
    """What Python makes of the text."""
    writer = Writer(STYLE)
    text = writer.text(expression)
    scope = dict(SCOPE)
    for line in writer.imports:
        exec(line, scope)
    return eval(text, scope)


INTEGERS = st.recursive(
    st.sampled_from("abc").map(Name)
    | st.integers(-4, 9).map(Constant)
    | st.integers(-4, 9).map(lambda n: Number(Parameter(np.array(n)))),
    lambda inner: st.builds(Infix, st.sampled_from(["*", "+", "-", "&", "|", "=="]), inner, inner) | st.builds(Inverted, inner),
    max_leaves=7,
)


@settings(max_examples=150)
@pytest.mark.filterwarnings("ignore:Bitwise inversion")  # of a bool: nobody means it, and Python 3.12 says so
@given(INTEGERS)
def test_what_is_written_is_what_is_built_however_operators_are_nested(expression: Expression) -> None:
    found, expected = read(expression), build(expression, SCOPE, STYLE)
    assert found == expected
    assert type(found) is type(expected)


ANYTHING = st.recursive(
    st.sampled_from([None, True, -3, 0.5, -0.5, 1j, -2j, "text", 'a "quote"', "it's", "a\nline"]).map(Constant),
    lambda inner: (
        st.builds(Items, st.sampled_from(["(", "["]), st.lists(inner, max_size=3).map(tuple))
        | st.lists(st.tuples(st.text(max_size=3).map(Constant), inner), max_size=3).map(lambda pairs: Pairs(tuple(pairs)))
    ),
    max_leaves=6,
)


@given(ANYTHING)
def test_displays_of_constants_come_back(expression: Expression) -> None:
    assert read(expression) == build(expression, SCOPE, STYLE)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Infix("*", Infix("+", Name("a"), Name("b")), Name("c")), "(a + b) * c"),
        (Infix("+", Name("a"), Infix("*", Name("b"), Name("c"))), "a + b * c"),
        (Infix("-", Name("a"), Infix("-", Name("b"), Name("c"))), "a - (b - c)"),
        (Infix("-", Infix("-", Name("a"), Name("b")), Name("c")), "a - b - c"),
        (Infix("@", Name("a"), Infix("@", Name("b"), Name("c"))), "a @ (b @ c)"),
        (Inverted(Infix("&", Name("a"), Name("b"))), "~(a & b)"),
        (Infix("==", Infix("|", Name("a"), Name("b")), Constant(1)), "a | b == 1"),
        (Infix("==", Infix("==", Name("a"), Name("b")), Name("c")), "(a == b) == c"),
        (Items("(", (Name("a"),)), "(a,)"),
        (Items("(", ()), "()"),
        (Items("{", ()), "set()"),
        (Items("{", (Constant(1),)), "{1}"),
        (Pairs(()), "{}"),
        (Call(Later(Name("a"))), "(lambda: a)()"),
        (Call(Name("f"), (Name("a"), Constant("x")), (("wires", Items("[", (Constant(0),))),)), 'f(a, "x", wires=[0])'),
        (Attribute(Infix("@", Name("a"), Name("b")), "wires"), "(a @ b).wires"),
        (Call(Attribute(Call(Name("f")), "g")), "f().g()"),
        (Infix("*", Number(Parameter(np.array(-0.5))), Name("a")), "(-0.5) * a"),
        (Infix("*", Constant(1 + 2j), Name("a")), "(1.0+2.0j) * a"),
    ],
)
def test_parentheses_stand_where_they_are_needed_and_nowhere_else(expression: Expression, text: str) -> None:
    assert written(expression) == text


def test_an_infix_of_bars_before_a_comparison_is_read_as_it_was_meant() -> None:
    """In Python ``|`` binds more tightly than ``==``."""
    expression = Infix("==", Infix("|", Name("a"), Name("b")), Constant(7))
    assert read(expression) is True


def test_imports_of_names_and_numbers_are_gathered() -> None:
    writer = Writer(STYLE)
    writer.text(Call(numpy_path("sin"), (Number(Parameter(np.array([0.5]), "torch")),)))
    assert writer.imports == {NUMPY, "import torch"}
    assert Writer(STYLE).imports == set()


def test_a_number_with_a_name_stands_by_it() -> None:
    named, other = Parameter(np.array(0.5)), Parameter(np.array(0.5))
    names = {id(named): "x", id(other): "2 * y"}
    assert written(Infix("*", Number(named), Number(other)), names=names) == "x * (2 * y)"


def test_functions_are_called_with_what_stands_for_their_arguments() -> None:
    def function(*arguments: Any, **keywords: Any) -> Any:
        return arguments, keywords

    call = Call(Path("f", function), (Name("a"), Items("[", (Constant(1),))), (("key", Later(Name("b"))),))
    (first, second), keywords = build(call, SCOPE, STYLE)
    assert (first, second) == (3, [1])
    assert keywords["key"]() == 5


def test_an_attribute_is_that_of_what_was_built() -> None:
    assert build(Attribute(Constant(3 + 4j), "imag"), SCOPE, STYLE) == 4.0


def test_a_name_that_is_not_in_scope_is_an_error() -> None:
    with pytest.raises(KeyError):
        build(Name("z"), SCOPE, STYLE)


def test_numbers_are_built_in_the_container_in_which_they_are_written() -> None:
    single = Number(Parameter(np.array(0.5, "float32"), "numpy"))
    assert build(single, {}, Style(exact=True)).dtype == np.float32
    double = Number(Parameter(np.array(0.5), "numpy"))
    assert type(build(double, {}, Style(exact=False))) is float
