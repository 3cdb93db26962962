"""Options: what a device or a gradient was told, as values that a trace may hold, compare and print without executing anything.

What is plain is kept as it is. A container, an array or the name of something importable is a `Held`; and so is an object that nobody
can make again from what is known of it: then the option says what it was, and its device cannot be rebuilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Union


class Kind(str, Enum):
    """What a `Held` is; the value is how a trace says it."""

    LIST = "list"
    TUPLE = "tuple"
    DICT = "dict"
    COMPLEX = "complex"
    ARRAY = "array"
    NAME = "name"
    OBJECT = "object"


@dataclass(frozen=True)
class Held:
    """A value of an option that is no plain one.

    Parameters
    ----------
    kind
        What it is.
    parts
        The items; of a dictionary keys and values in turn; of a complex number both parts; of an array its dtype, its shape as a
        `Kind.TUPLE`, and its numbers in a row; of a name ``module:qualified.name``; of an object what it is, in words.
    """

    kind: Kind
    parts: tuple[Option, ...] = ()

    def __repr__(self) -> str:
        words = {Kind.LIST: "[{}]", Kind.TUPLE: "({})", Kind.DICT: "dict({})", Kind.ARRAY: "array({})"}.get(self.kind)
        if words is None:
            return f"<{self.kind.value} {', '.join(map(str, self.parts))}>"
        single = "," if self.kind is Kind.TUPLE and len(self.parts) == 1 else ""
        return words.format(", ".join(map(repr, self.parts)) + single)


Option = Union[None, bool, int, float, str, Held]
"""The value of a device option or gradient keyword: what a trace may hold without executing anything."""

Options = tuple[tuple[str, Option], ...]
"""Options by their names."""


def objects_in(option: Option) -> tuple[str, ...]:
    """What in an option cannot be made again, in words."""
    if not isinstance(option, Held):
        return ()
    if option.kind is Kind.OBJECT:
        return tuple(map(str, option.parts))
    return tuple(words for part in option.parts for words in objects_in(part))


def is_literal(option: Option) -> bool:
    """Whether it is written out of plain values, lists, tuples and dictionaries alone."""
    if not isinstance(option, Held):
        return True
    return option.kind in (Kind.LIST, Kind.TUPLE, Kind.DICT) and all(map(is_literal, option.parts))


def why_not_rebuilt(options: Options) -> str:
    """Which option holds what cannot be made again, as ``option noise_model is an object (NoiseModel)``; "" where none does."""
    found = [f"option {name} is {words}" for name, option in options for words in objects_in(option)[:1]]
    more = f", and {len(found) - 1} more cannot be made again" if len(found) > 1 else ""
    return f"{found[0]}{more}" if found else ""


def names_in(option: Option) -> tuple[str, ...]:
    """What has to be imported for an option, as ``module:qualified.name``."""
    if not isinstance(option, Held):
        return ()
    if option.kind is Kind.NAME:
        return tuple(map(str, option.parts))
    return tuple(name for part in option.parts for name in names_in(part))
