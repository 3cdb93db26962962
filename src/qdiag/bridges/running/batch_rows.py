"""Rows of a batched circuit: which parameters carry the batch, one circuit for each row, and rows put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import Node, nodes_of
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_parameters


def rows(circuit: Circuit, trusted: bool = False, most: Optional[int] = None) -> tuple[Circuit, ...]:
    """One circuit for each row of the batch; the circuit itself where it has no batch axis.

    Parameters
    ----------
    circuit
        The circuit.
    trusted
        Whether source code that the circuit carries may be executed.
    most
        How many of the first rows are wanted; all where it is None.
    """
    batched = batched_parameters(circuit, trusted)
    if not batched:
        return (circuit,)
    size = max(circuit.parameters[position].value.shape[0] for position in batched)
    return tuple(_row(circuit, batched, row) for row in range(size)[:most])


def _row(circuit: Circuit, batched: Sequence[int], row: int) -> Circuit:
    chosen = frozenset(batched)
    parameters = [_row_of(p, row) if i in chosen else p for i, p in enumerate(circuit.parameters)]
    return with_parameters(circuit, parameters)


def _row_of(parameter: Parameter, row: int) -> Parameter:
    return replace(parameter, value=np.asarray(parameter.value[min(row, len(parameter.value) - 1)]))


def batched_parameters(circuit: Circuit, trusted: bool = False) -> tuple[int, ...]:
    """Positions in `Circuit.parameters` of those that PennyLane takes to carry a batch axis."""
    batched = {id(parameter) for top in circuit.nodes for node in nodes_of(top) for parameter in _batched_in(node, trusted)}
    return tuple(position for position, parameter in enumerate(circuit.parameters) if id(parameter) in batched)


def _batched_in(node: Node, trusted: bool) -> list[Parameter]:
    """The parameters that a node itself holds and that have one axis more than PennyLane expects there."""
    own = [part for part in node.data if isinstance(part, Parameter)]
    if not any(parameter.value.ndim for parameter in own) or node.opaque:
        return []
    try:
        with stop_recording():
            operator = Decoding(trusted=trusted).operator(node)
        if operator.batch_size is None or len(operator.data) != len(own):
            return []
        expected = operator.ndim_params
    except Exception:
        # an operator that cannot be made alone, or a version without batches: it is not split
        return []
    return [parameter for parameter, ndim in zip(own, expected) if parameter.value.ndim == ndim + 1]


# --- requests ----------------------------------------------------------------------------------------------------------


def row_requests(request: Request) -> tuple[Request, ...]:
    """The same request for each row, also where there is but one; none without a batch. Cotangents lose their leading axis."""
    if not batched_parameters(request.circuit, request.trusted):
        return ()
    circuits = rows(request.circuit, request.trusted)
    return tuple(replace(request, circuit=circuit, cotangents=_row_cotangents(request, row)) for row, circuit in enumerate(circuits))


def _row_cotangents(request: Request, row: int) -> tuple[tuple[Optional[np.ndarray], ...], ...]:
    return tuple(tuple(None if c is None else np.asarray(c[row]) for c in cotangents) for cotangents in request.cotangents)


def together(request: Request, evaluations: Sequence[Evaluation]) -> Evaluation:
    """The evaluation of a batched circuit from those of its rows, all of which succeeded."""
    batched = frozenset(batched_parameters(request.circuit, request.trusted))
    carries = [position in batched for position in request.circuit.trainable]
    first = evaluations[0]
    outputs = tuple(np.stack(parts) for parts in zip(*(e.outputs or () for e in evaluations)))
    vjps = tuple(_gradients([e.vjps[i] for e in evaluations], carries) for i in range(len(first.vjps)))
    jacobian = None
    if first.jacobian is not None:
        jacobian = tuple(
            tuple(_block([(e.jacobian or ())[k][i] for e in evaluations], outputs[k].ndim - 1, c) for i, c in enumerate(carries))
            for k in range(len(outputs))
        )
    hvp = None if first.hvp is None else _gradients([e.hvp or () for e in evaluations], carries)
    return replace(first, outputs=outputs, vjps=vjps, jacobian=jacobian, hvp=hvp)


def _gradients(found: Sequence[Sequence[np.ndarray]], carries: Sequence[bool]) -> tuple[np.ndarray, ...]:
    """A parameter with a batch axis has a row's gradient in that row; one that all rows share has their sum."""
    return tuple(
        np.stack([gradients[i] for gradients in found]) if batched else _sum([gradients[i] for gradients in found])
        for i, batched in enumerate(carries)
    )


def _sum(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.sum(np.stack(parts), axis=0, dtype=parts[0].dtype))


def _block(parts: Sequence[np.ndarray], ndim: int, batched: bool) -> np.ndarray:
    """Rows of a Jacobian; with respect to a batched parameter it is block-diagonal in the two batch axes."""
    if not batched:
        return np.stack(parts)
    shape: tuple[Any, ...] = parts[0].shape
    whole = np.zeros((len(parts), *shape[:ndim], len(parts), *shape[ndim:]), dtype=parts[0].dtype)
    for row, part in enumerate(parts):
        index: tuple[Any, ...] = (row,) + (slice(None),) * ndim + (row,)
        whole[index] = part
    return whole
