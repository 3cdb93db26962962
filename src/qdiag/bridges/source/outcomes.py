"""Functions of mid-circuit measurements, recorded as tables of values, as expressions in their names ``m0``, ``m1``, …"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Union

from qdiag.bridges.source.expression import Constant, Expression, Infix, Inverted, Name
from qdiag.model.node import MeasuredOutcome

Entry = Union[bool, int, float]


def name_of(position: int) -> str:
    """The variable that holds a mid-circuit measurement's outcome."""
    return f"m{position}"


def canonical(outcome: MeasuredOutcome) -> MeasuredOutcome:
    """The same function with its measurements in order of execution, less those that do not matter (but never none)."""
    order = sorted(range(len(outcome.measurements)), key=lambda i: outcome.measurements[i])
    for i in reversed(order):
        if len(order) > 1 and _ignores(outcome, i):
            order.remove(i)
    count = len(outcome.measurements)
    table = []
    for branch in itertools.product((0, 1), repeat=len(order)):
        ones = tuple(position for position, bit in zip(order, branch) if bit)
        table.append(_at(outcome.table, ones, count))
    return MeasuredOutcome(tuple(outcome.measurements[i] for i in order), tuple(table))


def _ignores(outcome: MeasuredOutcome, position: int) -> bool:
    bit = 1 << (len(outcome.measurements) - 1 - position)
    table = outcome.table
    return all(table[i] == table[i ^ bit] and type(table[i]) is type(table[i ^ bit]) for i in range(len(table)))


def _at(table: tuple[Entry, ...], ones: tuple[int, ...], count: int) -> Entry:
    """The entry of the branch in which exactly the measurements at these places gave 1."""
    return table[sum(1 << (count - 1 - i) for i in ones)]


def expressions(outcome: MeasuredOutcome) -> Iterator[Expression]:
    """Ways to write a function of outcomes, the plainest first; the last one is always right in value."""
    outcome = canonical(outcome)
    names = [Name(name_of(position)) for position in outcome.measurements]
    yield from _by_logic(names, outcome.table)
    polynomial = _polynomial(names, outcome.table)
    if all(isinstance(entry, bool) for entry in outcome.table):
        yield Infix("==", polynomial, Constant(1))
    yield polynomial


def _by_logic(names: list[Name], table: tuple[Entry, ...]) -> Iterator[Expression]:
    if len(names) == 1:
        if table == (0, 1):
            yield names[0]
            yield Infix("==", names[0], Constant(1))
        if table == (1, 0):
            yield Inverted(names[0])
            yield Infix("==", names[0], Constant(0))
    if len(names) == 2:
        for symbol, values in (("&", (0, 0, 0, 1)), ("|", (0, 1, 1, 1)), ("==", (1, 0, 0, 1))):
            if table == values:
                yield Infix(symbol, names[0], names[1])


def _polynomial(names: list[Name], table: tuple[Entry, ...]) -> Expression:
    """The multilinear polynomial through a table: every function of bits is one."""
    constant, *rest = _coefficients(len(names), table)
    terms = [_product(coefficient, [names[i] for i in chosen]) for chosen, coefficient in rest if coefficient]
    total = terms[0] if terms else Infix("*", Constant(0), names[0])
    for term in terms[1:]:
        total = Infix("+", total, term)
    return Infix("+", total, Constant(constant[1])) if constant[1] else total


def _product(coefficient: Entry, factors: list[Name]) -> Expression:
    term: Expression = factors[0] if coefficient == 1 else Infix("*", Constant(coefficient), factors[0])
    for factor in factors[1:]:
        term = Infix("*", term, factor)
    return term


def _coefficients(count: int, table: tuple[Entry, ...]) -> Iterator[tuple[tuple[int, ...], Entry]]:
    for size in range(count + 1):
        for chosen in itertools.combinations(range(count), size):
            inner = [subset for smaller in range(size + 1) for subset in itertools.combinations(chosen, smaller)]
            values = [(-1) ** (size - len(subset)) * _at(table, subset, count) for subset in inner]
            yield chosen, sum(values)
