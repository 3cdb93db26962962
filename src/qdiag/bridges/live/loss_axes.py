"""Whether a loss that is about to go backward compares each prediction with the targets of other rows, since its axes broadcast.

Torch's graph knows the shape of every number that leads to the loss. Where a difference is larger than the prediction in it, and its
other side is no part of the graph, the difference itself tells whether that side was stretched, too: then it is a sum of two parts, of
which each is the same along an axis of the other. Only shapes are read, unless they look so; then the numbers of that one difference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.results import array_of
from qdiag.model.call import SourceLine
from qdiag.model.loss_axes import LossAxes

MOST_NODES = 64
"""How many operations before the loss are looked at."""

MOST_ELEMENTS = 1 << 16
"""A difference of more elements is left alone: it is the loss of no small batch."""

ROUNDING = 64.0
"""Times eps and size: how far two parts of a difference may seem to depend on each other's axes."""

_PASSED = frozenset(
    f"{name}Backward{kind}" for name in ("Mean", "Sum", "Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Squeeze") for kind in (0, 1)
)
"""What may lie between a scalar loss and its difference, besides what `_TAKEN` says."""

_TAKEN = {"PowBackward0": True, "AbsBackward0": False}
"""What takes a difference squared, or absolute, and keeps it."""

_LOSSES = {"MseLossBackward0": True, "SmoothL1LossBackward0": True, "HuberLossBackward0": True}
"""Losses that keep prediction and target."""

_DIFFERENCE, _STRETCHED, _MEANT = "SubBackward0", "ExpandBackward0", "UnsqueezeBackward0"


class _Difference(NamedTuple):
    operation: str
    prediction: tuple[int, ...]
    values: np.ndarray
    squared: bool


def broadcast_axes(loss: Any, source: SourceLine) -> Optional[LossAxes]:
    """What was broadcast before a loss.

    Parameters
    ----------
    loss
        A live tensor with a graph.
    source
        The line that goes backward from it.
    """
    for found in _differences(loss.grad_fn):
        if _is_pairwise(found):
            return _described(found, source)
    return None


def _differences(root: Any) -> Iterator[_Difference]:
    """Differences near the loss that are larger than the prediction in them."""
    waiting, seen = deque([root]), 0
    while waiting and seen < MOST_NODES:
        node = waiting.popleft()
        seen += 1
        name = node.name()
        if name in _LOSSES:
            yield from _of_a_loss(node, _LOSSES[name])
        elif name in _TAKEN:
            yield from _of_a_power(node, _TAKEN[name])
        elif name in _PASSED:
            waiting.extend(following for following, _ in node.next_functions if following is not None)


def _of_a_loss(node: Any, squared: bool) -> Iterator[_Difference]:
    prediction, target = (following for following, _ in node.next_functions[:2])
    if target is None and prediction is not None and prediction.name() == _STRETCHED:
        before = _before_stretching(prediction)
        if before is not None and np.prod(shape_of(prediction)) <= MOST_ELEMENTS:
            values = array_of(node._saved_self) - array_of(node._saved_target)
            yield _Difference(node.name(), shape_of(before), values, squared)


def _of_a_power(node: Any, squared: bool) -> Iterator[_Difference]:
    difference = node.next_functions[0][0]
    if difference is None or difference.name() != _DIFFERENCE or (squared and float(node._saved_exponent) != 2.0):
        return
    tracked = [following for following, _ in difference.next_functions if following is not None]
    if len(tracked) != 1 or np.prod(shape_of(difference)) > MOST_ELEMENTS:
        return
    before = _before_stretching(tracked[0])
    if before is not None and np.prod(shape_of(before)) < np.prod(shape_of(difference)):
        yield _Difference(difference.name(), shape_of(before), array_of(node._saved_self), squared)


def _before_stretching(node: Any) -> Any:
    """What was stretched to a difference's shape; None where an axis was put there on purpose, or nothing is known of it."""
    if node.name() == _STRETCHED:
        node = node.next_functions[0][0]
    return None if node is None or node.name() == _MEANT else node


def shape_of(node: Any) -> tuple[int, ...]:
    """The shape of what an operation of the graph gave; () on versions of torch that do not say."""
    metadata = getattr(node, "_input_metadata", None)
    return tuple(metadata[0].shape) if metadata else ()


# --- numbers --------------------------------------------------------------------------------------------------------------


def _is_pairwise(found: _Difference) -> bool:
    """Whether both sides were stretched: along an axis that the prediction lacks, the steps are the same all along one that it has."""
    values = found.values.astype(np.float64)
    eps = np.finfo(found.values.dtype).eps if found.values.dtype.kind == "f" else np.finfo(np.float64).eps
    limit = ROUNDING * float(eps) * float(np.max(np.abs(values), initial=0.0))
    own = (1,) * (values.ndim - len(found.prediction)) + found.prediction
    lacking = [axis for axis, (length, has) in enumerate(zip(values.shape, own)) if has == 1 < length]
    having = [axis for axis, has in enumerate(own) if has > 1]
    for axis in lacking:
        steps = np.diff(values, axis=axis)
        if np.max(np.abs(steps), initial=0.0) <= limit:
            continue
        if any(np.max(np.ptp(steps, axis=other), initial=0.0) <= limit for other in having):
            return True
    return False


def _described(found: _Difference, source: SourceLine) -> LossAxes:
    values = np.abs(found.values.astype(np.float64))
    terms = values**2 if found.squared else values
    shape = tuple(values.shape)
    said = LossAxes(found.operation, found.prediction, shape, source, squared=found.squared)
    if len(shape) != 2 or shape[0] != shape[1]:
        return said
    return LossAxes(
        found.operation, found.prediction, shape, source, float(terms.mean()), float(np.diagonal(terms).mean()), found.squared
    )
