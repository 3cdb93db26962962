"""Rows of a batch as samples: a call cut down to some of its rows, where a batch has many.

The rows of a batch are evaluated independently of each other, so a few of them show what a method does, and cost what a few rows
cost. Methods that take the batch as it is see every row; those that PennyLane applies row by row, the arbiter and the experiments of a
diagnosis see a sample. What a sample stands for is known to whoever asks: which rows, and of how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.call import Backward, Call
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.comparison import Comparison
from qdiag.model.element import Kind, trainable_names
from qdiag.model.method import Method
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters

WHOLE = 8
"""Batches of up to so many rows are never cut."""

SAMPLED = 3
"""So many rows of a larger one are looked at: the first, the last, and others between them."""

TAKEN_APART = 64
"""So many rows at most are asked of a device that takes a batch apart; of larger ones it sees a sample, too."""

Rows = tuple[int, ...]


def batch_size(call: Call) -> int:
    """How many rows a batch may have that a call was given; 0 where it has none, or not more than are looked at anyway.

    It is no more than that they may be one: whether a parameter carries a batch, PennyLane knows (see `batched_parameters`). A call
    that raised may have left no results to count; then it is the longest parameter that may carry them.
    """
    outputs = call.outputs
    carried = {parameter.value.shape[0] for parameter in call.circuit.parameters if parameter.value.ndim}
    if call.circuit.shots or (outputs and raw_outputs(call.circuit, len(outputs))):
        return 0
    if outputs:
        sizes = {output.shape[0] if output.ndim else 0 for output in outputs}
    else:
        sizes = {max(carried, default=0)} if call.failure is not None else set()
    size = sizes.pop() if len(sizes) == 1 else 0
    return size if size > WHOLE and size in carried else 0


def goes_by_rows(method: Method, size: int, *, sparing: bool) -> bool:
    """Whether a method takes so many rows one after the other, and is shown a few of them.

    ``sparing`` is whether it was slow at the first call of the structure, or this is that call: a device that is not slow sees more.
    """
    return size > WHOLE and (method.per_parameter or (method.by_device and (sparing or size > TAKEN_APART)))


def batched_parameters(call: Call, evaluator: Evaluator, *, trusted: bool) -> Rows:
    """Positions of the parameters that carry a batch with more rows than are looked at; none where there is no such batch."""
    size = batch_size(call)
    if not size:
        return ()
    batched: Rows = answer_of(evaluator.call(remote.batched_parameters, call.circuit, trusted), (), "the batch of a circuit")
    return batched if all(call.circuit.parameters[i].value.shape[:1] == (size,) for i in batched) else ()


def sampled_rows(size: int, key: str, flagged: Iterable[int] = ()) -> Rows:
    """The rows that are looked at: the first, the last, those between them that a seed chooses, and those that something flags.

    Parameters
    ----------
    size
        How many there are.
    key
        `circuit_key` of the circuit, from which the seed is taken: another call of a training is seen in other rows.
    flagged
        Rows at which something differs.
    """
    inner = np.random.default_rng(int(key[:16], 16)).permutation(np.arange(1, size - 1))
    return tuple(sorted({0, size - 1, *(int(row) for row in inner[: SAMPLED - 2]), *(row for row in flagged if 0 <= row < size)}))


def flagged_row(comparison: Comparison, circuit: Circuit, batched: Sequence[int]) -> Optional[int]:
    """The row of the element that a comparison shows; None where it is of no single row."""
    element = comparison.element
    if element is None:
        return None
    if element.kind in (Kind.OUTPUT, Kind.JACOBIAN):
        return element.index[0] if element.index else None
    return element.at[0] if element.at and element.by in _carriers(circuit, batched) else None


def in_whole_batch(comparison: Comparison, circuit: Circuit, batched: Sequence[int], rows: Rows) -> Comparison:
    """A comparison on some rows, its element called as in the whole batch."""
    element = comparison.element
    if element is None:
        return comparison
    if element.kind in (Kind.OUTPUT, Kind.JACOBIAN) and element.index:
        element = replace(element, index=(rows[element.index[0]], *element.index[1:]))
    if element.at and element.by in _carriers(circuit, batched):
        element = replace(element, at=(rows[element.at[0]], *element.at[1:]))
    return replace(comparison, element=element)


def _carriers(circuit: Circuit, batched: Sequence[int]) -> set[str]:
    """What elements call the trainable parameters that carry the batch."""
    return {name for name, position in zip(trainable_names(circuit), circuit.trainable) if position in batched}


def with_rows(call: Call, batched: Sequence[int], rows: Sequence[int]) -> Call:
    """The call as if it had been made with these rows alone.

    Its gradients with respect to parameters that all rows share are those of the whole batch, so they are not known.
    """
    chosen = list(rows)
    position = {index: place for place, index in enumerate(call.circuit.trainable)}
    carries = {position[index] for index in batched if index in position}
    return replace(
        call,
        circuit=_circuit_with_rows(call.circuit, batched, chosen),
        written=None,
        outputs=tuple(output[chosen] for output in call.outputs or ()),
        backwards=tuple(_backward_with_rows(backward, carries, chosen) for backward in call.backwards),
    )


def _circuit_with_rows(circuit: Circuit, batched: Sequence[int], rows: list[int]) -> Circuit:
    carries = frozenset(batched)
    return with_parameters(circuit, [_with_rows(p, rows) if i in carries else p for i, p in enumerate(circuit.parameters)])


def _with_rows(parameter: Parameter, rows: list[int]) -> Parameter:
    return replace(parameter, value=np.asarray(parameter.value[rows]))


def _backward_with_rows(backward: Backward, carries: set[int], rows: list[int]) -> Backward:
    known = [place in carries and gradient is not None for place, gradient in enumerate(backward.gradients)]
    return replace(
        backward,
        cotangents=tuple(None if cotangent is None else cotangent[rows] for cotangent in backward.cotangents),
        gradients=tuple(g[rows] if k and g is not None else None for g, k in zip(backward.gradients, known)),
        exact=tuple(exact and k for exact, k in zip(backward.exact, known)),
    )
