"""Gradients that lie where a backward pass begins, although they were used since they came there.

Whoever steps by hand has no optimiser whose steps could be watched. But numbers that went down along a gradient have used it, and so
have those that a minimiser of SciPy's moved, which asked for it; where the next pass still finds it there, bit by bit, it adds to it.
Passes over several batches before one step move nothing, and momentum that is kept in the gradient itself changes it: neither is meant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.recording.call_reader import array_of
from qdiag.recording.tokens import Tokens

MOST_NUMBERS = 1024
"""Numbers of a leaf that is looked at."""

MOST_LEAVES = 64

ALONG = 0.99
"""The least cosine between a move and a gradient for it to be a step along it: what is left to the rounding of small steps."""


class Used(NamedTuple):
    """Tokens of leaves whose gradient was used since the pass before: those where it is still there, and the others."""

    stale: tuple[int, ...] = ()
    cleared: tuple[int, ...] = ()


class _Before(NamedTuple):
    """The numbers of a leaf when a pass began, and the gradient that it left."""

    value: np.ndarray
    gradient: Optional[np.ndarray] = None


class LeftGradients:
    """What backward passes leave with the leaves of a loss, from one pass to the next.

    Parameters
    ----------
    tokens
        By which tensors are known again.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._number = -1
        self._under_way: list[Any] = []
        self._before: dict[int, _Before] = {}

    def pass_begins(self, number: int, leaves: Iterable[Any], *, asked: bool = False) -> Used:
        """The pass of this number begins, whose gradients go to these leaves; nothing is known any more where passes were left out.

        ``asked`` is whether a minimiser asks for the gradient: then every move is one that used it.
        """
        if number != self._number + 1:
            self._before.clear()
        self._number = number
        self._under_way = [leaf for leaf in leaves if _is_small(leaf)][:MOST_LEAVES]
        stale: list[int] = []
        cleared: list[int] = []
        for leaf in self._under_way:
            token, value = self._tokens.token(leaf), array_of(leaf).copy()
            before = self._before.pop(token, None)
            if before is not None and before.gradient is not None and _used(before.value - value, before.gradient, asked):
                gradient = _gradient(leaf)
                there = gradient is not None and np.array_equal(gradient, before.gradient)
                (stale if there else cleared).append(token)
            self._before[token] = _Before(value)
        return Used(tuple(stale), tuple(cleared))

    def pass_ends(self) -> None:
        """It has ended: what it left is known, and its leaves are let go."""
        under_way, self._under_way = self._under_way, []
        for leaf in under_way:
            gradient, token = _gradient(leaf), self._tokens.token(leaf)
            if gradient is not None:
                self._before[token] = self._before[token]._replace(gradient=gradient.copy())


def _is_small(leaf: Any) -> bool:
    return bool(leaf.requires_grad) and leaf.device.type == "cpu" and 0 < leaf.numel() <= MOST_NUMBERS


def _gradient(leaf: Any) -> Optional[np.ndarray]:
    gradient = leaf.grad
    return None if gradient is None or gradient.is_sparse or gradient.device.type != "cpu" else array_of(gradient)


def _used(move: np.ndarray, gradient: np.ndarray, asked: bool) -> bool:
    """Whether a move down has used a gradient."""
    return bool(np.any(move) and np.any(gradient)) if asked else _is_along(move, gradient)


def _is_along(move: np.ndarray, gradient: np.ndarray) -> bool:
    """Whether a move down is one along a gradient."""
    move, gradient = move.ravel().astype(complex), gradient.ravel().astype(complex)
    length = float(np.linalg.norm(move) * np.linalg.norm(gradient))
    return bool(np.isfinite(length)) and length > 0 and float(np.vdot(move, gradient).real) > ALONG * length
