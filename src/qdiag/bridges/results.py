"""What a QNode returned, as a flat list of arrays: tuples, lists, dictionaries and shot groups in order of return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qdiag.bridges import func_tensors


def outputs_of(result: Any) -> tuple[Any, ...]:
    """The outputs inside what a QNode returned, in order, still live.

    Parameters
    ----------
    result
        A tensor, array or number, or tuples, lists and dictionaries of these. A dictionary of counts becomes one array:
        the counts in the order of their outcomes.
    """
    if isinstance(result, dict):
        if _is_counts(result):
            return (np.array([int(result[outcome]) for outcome in sorted(result, key=str)]),)
        return tuple(output for part in result.values() for output in outputs_of(part))
    if isinstance(result, (tuple, list)):
        return tuple(output for part in result for output in outputs_of(part))
    if isinstance(getattr(result, "_value", None), (tuple, list)):
        # autograd boxes a tuple as a whole (PennyLane 0.28 to 0.38), and its elements come out as boxes
        return tuple(output for place in range(len(result)) for output in outputs_of(result[place]))
    return (result,)


def with_outputs(result: Any, outputs: Iterator[Any]) -> Any:
    """What a QNode returned, with others in the places of its outputs, which are taken in the order of `outputs_of`."""
    if isinstance(result, dict):
        return next(outputs) if _is_counts(result) else {name: with_outputs(part, outputs) for name, part in result.items()}
    if isinstance(result, (tuple, list)):
        parts = [with_outputs(part, outputs) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return next(outputs)


def _is_counts(result: dict[Any, Any]) -> bool:
    return bool(result) and all(isinstance(count, (int, np.integer)) for count in result.values())


def array_of(output: Any) -> np.ndarray:
    """A live output as an array of its own dtype; the live one stays untouched."""
    while hasattr(output, "_value"):
        output = output._value
    if hasattr(output, "detach"):
        output = func_tensors.read_outside(output, _array_of_tensor)
    return np.array(output.view(np.ndarray) if isinstance(output, np.ndarray) else output)


def _array_of_tensor(tensor: Any) -> Any:
    tensor = tensor.detach()
    for resolve in ("resolve_conj", "resolve_neg"):
        tensor = getattr(tensor, resolve, lambda tensor=tensor: tensor)()
    tensor = tensor.cpu()
    try:
        return tensor.numpy()
    except TypeError:
        # of a dtype that numpy does not have: each number of bfloat16 is one of float32
        return tensor.float().numpy()
