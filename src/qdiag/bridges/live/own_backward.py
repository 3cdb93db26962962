"""Whether the backward of a script's own `torch.autograd.Function` is the derivative of its forward: both are asked, on the spot.

A backward may be another one on purpose: where the forward hands its numbers on, or goes in steps or by chance, and where the backward
itself goes by chance, as an estimator does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from qdiag.bridges.live.loss_graph import tensors_in

_STEP = 1e-4
"""How far the numbers of a function are moved, in parts of their size."""

_TELLING = 0.02
"""Share of the derivative that a backward must miss."""

_CURVED = 10.0
"""Times the difference of two derivatives, by a step and by half of it: how far both may be wrong."""

_SEED = 20203


class Word(Enum):
    """What is to be said of a backward."""

    RIGHT = "the derivative"
    OTHER = "another one on purpose"
    WRONG = "not the derivative"
    UNKNOWN = "it could not be told"


class _Function(NamedTuple):
    """A function, and what it was called with."""

    again: Callable[[Sequence[Any]], Any]
    arguments: tuple[Any, ...]

    def at(self, moves: Sequence[Any], by: float) -> list[Any]:
        """What it makes with its tracked numbers moved; of each what has no graph."""
        left = iter(moves)
        moved = [value.detach() + by * next(left) if _is_tracked(value) else _bare(value) for value in self.arguments]
        return [made.detach() for made in tensors_in((self.again(moved),))]


def word_of(again: Callable[[Sequence[Any]], Any], arguments: tuple[Any, ...], result: Any) -> Word:
    """What is to be said of the backward of a function that was called; the torch's random numbers are as before.

    Parameters
    ----------
    again
        Calls the function with other arguments.
    arguments
        What it was called with.
    result
        What it gave.
    """
    torch: Any = sys.modules["torch"]
    streams = torch.random.get_rng_state()
    try:
        return _word(torch, _Function(again, arguments), list(tensors_in((result,))))
    finally:
        torch.random.set_rng_state(streams)


def _word(torch: Any, function: _Function, made: list[Any]) -> Word:
    given = list(tensors_in(function.arguments))
    moves = [_direction(torch, value, place) for place, value in enumerate(function.arguments) if _is_tracked(value)]
    same, up = function.at(moves, 0.0), function.at(moves, _STEP)
    steady = len(same) == len(made) and all(map(torch.equal, same, made))
    flat = all(map(torch.equal, same, up))
    if not steady or flat or any(value.shape == one.shape and bool((value == one).all()) for value in made for one in given):
        return Word.OTHER
    if any(value.is_complex() for value in (*made, *moves)):
        return Word.UNKNOWN
    cotangents = [_direction(torch, value, -1 - place) for place, value in enumerate(made)]
    first, second = _brought(torch, function, moves, cotangents)
    if first != second:
        return Word.OTHER
    long, short = (_slope(function, moves, cotangents, step) for step in (_STEP, _STEP / 2))
    doubt = max(_CURVED * abs(long - short), _TELLING * max(abs(short), abs(first)))
    return Word.WRONG if abs(short - first) > doubt else Word.RIGHT


def _slope(function: _Function, moves: Sequence[Any], cotangents: Sequence[Any], step: float) -> float:
    up, down = (function.at(moves, by) for by in (step, -step))
    return sum(float((cotangent * (one - other)).sum()) for cotangent, one, other in zip(cotangents, up, down)) / (2 * step)


def _brought(torch: Any, function: _Function, moves: Sequence[Any], cotangents: Sequence[Any]) -> list[float]:
    """What the backward says of the same direction, asked twice."""
    with torch.enable_grad():
        inputs = [value.detach().clone().requires_grad_() for value in function.arguments if _is_tracked(value)]
        left = iter(inputs)
        made = function.again([next(left) if _is_tracked(value) else _bare(value) for value in function.arguments])
        pairs = [(one, cotangent) for one, cotangent in zip(tensors_in((made,)), cotangents) if one.requires_grad]
    outputs, onto = [one for one, _ in pairs], [cotangent for _, cotangent in pairs]
    asked = [torch.autograd.grad(outputs, inputs, onto, retain_graph=True, allow_unused=True) for _ in range(2)]
    return [sum(float((part * move).sum()) for part, move in zip(found, moves) if part is not None) for found in asked]


def _is_tracked(value: Any) -> bool:
    return hasattr(value, "grad_fn") and bool(value.requires_grad)


def _bare(value: Any) -> Any:
    return value.detach() if hasattr(value, "grad_fn") else value


def _direction(torch: Any, value: Any, place: int) -> Any:
    """Numbers like a tensor's own, in size and shape, the same at each call; whole numbers have none."""
    random = torch.Generator().manual_seed(_SEED + place)
    signs = torch.rand(value.shape, generator=random, dtype=torch.float64) - 0.5
    size = float(value.detach().abs().max()) if value.numel() else 0.0
    return ((signs + signs.sign() / 2) * max(1.0, size)).to(value.dtype)
