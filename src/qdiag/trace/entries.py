"""What one field of strict JSON may hold: each reader gives it as the value that it stands for, or raises `Odd`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qdiag.model.measured import PRECISIONS
from qdiag.model.method import COMPILERS
from qdiag.trace.option_text import option_from


class Odd(Exception):
    """Something in the text is not as `text_of` writes it."""


def items(entry: Any) -> list[Any]:
    """A list, whatever is in it."""
    if not isinstance(entry, list):
        raise Odd
    return entry


def one_of_types(*kinds: type) -> Callable[[Any], Any]:
    """What is of one of these types exactly: True is no whole number."""

    def read(entry: Any) -> Any:
        if type(entry) not in kinds:
            raise Odd
        return entry

    return read


def option(entry: Any) -> Any:
    """A value of an option (see `option_text`)."""
    try:
        return option_from(entry)
    except ValueError:
        raise Odd from None


def several(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As many as there are, each read so."""
    return lambda entry: tuple(read(part) for part in items(entry))


def option_pair(entry: Any) -> tuple[str, Any]:
    """A name and the value of an option."""
    name, value = items(entry)
    return string(name), option(value)


def string_pair(entry: Any) -> tuple[str, str]:
    """A name and a text."""
    name, value = items(entry)
    return string(name), string(value)


def optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What is read so, or nothing."""
    return lambda entry: None if entry is None else read(entry)


def natural(entry: Any) -> int:
    """A whole number from 0 on."""
    if type(entry) is not int or entry < 0:
        raise Odd
    return entry


def number(entry: Any) -> float:
    """A real number, also infinity, and what is no number."""
    value = option(entry)
    if type(value) not in (int, float):
        raise Odd
    return float(value)


def default_dtype(entry: Any) -> str:
    """What torch can make its default: it is looked up there, and becomes a part of scripts."""
    if entry not in ("", "float16", "bfloat16", "float32", "float64"):
        raise Odd
    return str(entry)


def precision(entry: Any) -> str:
    """A precision that a device may work in, or none."""
    if entry not in ("", *PRECISIONS):
        raise Odd
    return str(entry)


def compiled(entry: Any) -> str:
    """By what a call was compiled, if it was."""
    if entry not in ("", *COMPILERS):
        raise Odd
    return str(entry)


string = one_of_types(str)
flag = one_of_types(bool)
whole = one_of_types(int)
strings = several(string)
options = several(option_pair)
