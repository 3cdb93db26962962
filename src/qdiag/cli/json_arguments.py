"""Arguments from a JSON file: numbers and arrays of numbers, and nothing else, within bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qdiag.errors import UsageError

MOST_BYTES = 1 << 24
"""Of a file of values."""

DEEPEST = 8
"""Levels of brackets that an array may have."""


@dataclass(frozen=True, eq=False)
class Arguments:
    """What something is called with: ints, floats, and arrays of these."""

    positional: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()


def read(path: Path) -> Arguments:
    """What a file holds: a list is passed in order, an object by name.

    Raises
    ------
    UsageError
        If it is too large, no JSON, or holds anything but finite numbers and arrays of them.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} has more than {MOST_BYTES >> 20} MB", "a check needs one batch, not a whole data set")
        held = json.loads(path.read_text(encoding="utf-8"), parse_constant=float)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", "name a JSON file with --args") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}", "write a list such as [0.1, [0.2, 0.3]], or an object of such values") from None
    if isinstance(held, list):
        return Arguments(tuple(_value(part, f"value {position}", path) for position, part in enumerate(held)))
    if isinstance(held, dict):
        return Arguments(named=tuple((name, _value(part, f"'{name}'", path)) for name, part in held.items()))
    raise UsageError(f"{path} holds neither a list nor an object", "write a list of arguments, or an object of arguments by name")


def _value(part: Any, where: str, path: Path) -> Any:
    """A number, or an array of numbers of one shape."""
    if _depth(part) > DEEPEST:
        raise UsageError(f"{where} in {path} has more than {DEEPEST} levels of brackets", "pass an array of fewer dimensions")
    wrong = [leaf for leaf in _leaves(part) if isinstance(leaf, bool) or not isinstance(leaf, (int, float))]
    if wrong:
        raise UsageError(f"{where} in {path} holds {json.dumps(wrong[0])[:60]}", "only numbers and arrays of numbers can be passed")
    if not all(math.isfinite(leaf) if isinstance(leaf, float) else abs(leaf) < 2**63 for leaf in _leaves(part)):
        raise UsageError(f"{where} in {path} holds a number that is not finite, or too large", "pass finite numbers")
    if not isinstance(part, list):
        return part
    try:
        return np.array(part, dtype=float if any(isinstance(leaf, float) for leaf in _leaves(part)) else int)
    except ValueError:
        raise UsageError(f"the rows of {where} in {path} differ in length", "pass arrays of one shape") from None


def _depth(part: Any) -> int:
    depth, level = 0, [part]
    while any(isinstance(p, list) for p in level) and depth <= DEEPEST:
        level = [inner for p in level if isinstance(p, list) for inner in p]
        depth += 1
    return depth


def _leaves(part: Any) -> Iterator[Any]:
    if isinstance(part, list):
        for inner in part:
            yield from _leaves(inner)
    else:
        yield part
