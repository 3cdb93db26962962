"""What is kept of every call of a replay: a row of numbers, since a trace may have very many calls and few kinds of them.

Two calls of one kind come to results that differ in nothing but numbers. So a result is taken apart: into its form, of which one is
kept for all calls that have it, and its numbers. Texts and elements are told by a number, too. Put together again, a result is what was
put in.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from qdiag.judging.replay.call_result import CallResult
from qdiag.model.comparison import Comparison
from qdiag.model.element import Element
from qdiag.model.method import Method

Value = TypeVar("Value")


_NUMBER, _WHOLE, _COMPLEX, _WORD = object(), object(), object(), object()
"""What stands in a form for a number that is kept apart: a real one, a whole one, a complex one, which is two, and the number of a text
or an element."""


@cache
def _names_of(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


class KeptValues(Generic[Value]):
    """Values of frozen dataclasses by index, as rows of numbers: what they hold beside numbers must be hashable, and no array.

    Indices may come in any order and again; `values` gives them in order.
    """

    def __init__(self) -> None:
        self._forms: dict[Any, int] = {}
        self._form_at: list[Any] = []
        self._words: dict[Any, int] = {}
        self._word_at: list[Any] = []
        self._row_of = array("q")
        self._form_of_row = array("l")
        self._begin = array("q", [0])
        self._numbers = array("d")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, index: int) -> bool:
        return 0 <= index < len(self._row_of) and self._row_of[index] >= 0

    def __setitem__(self, index: int, value: Value) -> None:
        numbers: list[float] = []
        form = self._taken_apart(value, numbers)
        number = self._forms.setdefault(form, len(self._form_at))
        if number == len(self._form_at):
            self._form_at.append(form)
        if index >= len(self._row_of):
            self._row_of.extend([-1] * (index + 1 - len(self._row_of)))
        self._count += self._row_of[index] < 0
        self._row_of[index] = len(self._form_of_row)
        self._form_of_row.append(number)
        self._numbers.extend(numbers)
        self._begin.append(len(self._numbers))

    def __getitem__(self, index: int) -> Value:
        if index not in self:
            raise KeyError(index)
        row = self._row_of[index]
        numbers = iter(self._numbers[self._begin[row] : self._begin[row + 1]])
        value: Value = self._put_together(self._form_at[self._form_of_row[row]], numbers)
        return value

    def __iter__(self) -> Iterator[int]:
        return (index for index, row in enumerate(self._row_of) if row >= 0)

    def values(self) -> Iterator[Value]:
        """All of them, in the order of their indices, one in memory at a time."""
        return (self[index] for index in self)

    def _taken_apart(self, value: Any, numbers: list[float]) -> Any:
        """The form of a value, a tuple of its kind and the forms of its parts where it has some; its numbers are appended."""
        kind = type(value)
        if isinstance(value, float):
            numbers.append(float(value))
            return _NUMBER
        if kind is int:
            numbers.append(float(value))
            return _WHOLE
        if kind is complex:
            numbers += (value.real, value.imag)
            return _COMPLEX
        if kind is str or kind is Element:
            numbers.append(float(self._number_of(value)))
            return _WORD
        if kind is tuple:
            return (tuple, *[self._taken_apart(part, numbers) for part in value])
        if kind is Method or not is_dataclass(kind):
            return value
        return (kind, *[self._taken_apart(getattr(value, name), numbers) for name in _names_of(kind)])

    def _number_of(self, word: Any) -> int:
        number = self._words.setdefault(word, len(self._word_at))
        if number == len(self._word_at):
            self._word_at.append(word)
        return number

    def _put_together(self, form: Any, numbers: Iterator[float]) -> Any:
        if form is _NUMBER:
            return next(numbers)
        if form is _WHOLE:
            return int(next(numbers))
        if form is _COMPLEX:
            return complex(next(numbers), next(numbers))
        if form is _WORD:
            return self._word_at[int(next(numbers))]
        if type(form) is not tuple:
            return form
        parts = [self._put_together(part, numbers) for part in form[1:]]
        return tuple(parts) if form[0] is tuple else form[0](*parts)


class Comparisons(Iterable[tuple[int, Comparison]]):
    """Each call with each of its comparisons, in order; they are put together anew whenever they are gone through."""

    def __init__(self, results: KeptValues[CallResult]) -> None:
        self._results = results

    def __iter__(self) -> Iterator[tuple[int, Comparison]]:
        return ((result.call, side.comparison) for result in self._results.values() for side in result.sides)
