"""The tensors of two evaluations in pairs: which belongs to which, what each is called, and the floor of its scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Optional, TypeVar

import numpy as np

from qdiag.judging.comparison.ill_conditioning import Spread
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.element_names import jacobian_name, output_name, trainable_names, vjp_name
from qdiag.model.evaluation import Evaluation
from qdiag.model.numerics.surfaces import tangential

Cotangents = Sequence[Sequence[Optional[np.ndarray]]]
"""One array (or None) for each output, for each vector-Jacobian product."""

@dataclass(frozen=True, eq=False)
class Tensor:
    """Two arrays that ought to be the same.

    Parameters
    ----------
    where
        ``output`` · ``jacobian`` · ``vjp`` · ``second-derivative``.
    name
        Gives the name of the element at an index.
    a, b
        The two.
    floor
        Differences are never measured against a smaller scale than this.
    spread
        What ill-conditioning explains, absolute.
    """

    where: str
    name: Callable[[tuple[int, ...]], str]
    a: np.ndarray
    b: np.ndarray
    floor: float
    spread: float


def tensors_of(a: Evaluation, b: Evaluation, circuit: Circuit, spread: Spread, cotangents: Cotangents) -> Iterator[Tensor]:
    """The tensors that both evaluations have, outputs first; raw samples cannot be compared one by one."""
    outputs = list(zip(a.outputs or (), b.outputs or ()))
    count = len(outputs)
    norms = [max(_at(a.norms, i, 0.0), _at(b.norms, i, 0.0)) or 1.0 for i in range(count)]
    raw = raw_outputs(circuit, count)
    for i, (x, y) in enumerate(outputs):
        if i in raw:
            continue
        yield Tensor("output", partial(output_name, count, i), x, y, norms[i], _at(spread.outputs, i, 0.0))
    names = trainable_names(circuit)
    for i, (row, other) in enumerate(zip(_along(circuit, a.jacobian or ()), _along(circuit, b.jacobian or ()))):
        if i in raw:
            continue
        ndim = np.ndim(outputs[i][0]) if i < count else 0
        for j, (x, y) in enumerate(zip(row, other)):
            name = partial(jacobian_name, count, i, ndim, _at(names, j, f"parameter {j}"))
            yield Tensor("jacobian", name, x, y, norms[i] if i < count else 1.0, _at(_at(spread.jacobian, i, ()), j, 0.0))
    for k, (row, other) in enumerate(zip(_along(circuit, a.vjps), _along(circuit, b.vjps))):
        floor = _floor(_at(cotangents, k, ()), norms)
        for j, (x, y) in enumerate(zip(row, other)):
            name = partial(vjp_name, "loss" if len(a.vjps) < 3 else f"loss {k}", _at(names, j, f"parameter {j}"))
            yield Tensor("vjp", name, x, y, floor, _at(_at(spread.vjps, k, ()), j, 0.0))
    if not any(e.method.diff_method == "finite-diff" for e in (a, b)):
        for j, (x, y) in enumerate(zip(a.hvp or (), b.hvp or ())):
            yield Tensor("second-derivative", partial(vjp_name, "slope", _at(names, j, f"parameter {j}")), x, y, sum(norms), 0.0)


def _along(circuit: Circuit, rows: Sequence[Sequence[np.ndarray]]) -> list[tuple[np.ndarray, ...]]:
    return [tangential(circuit, [np.asarray(part) for part in row]) for row in rows]


def _floor(cotangent: Sequence[Optional[np.ndarray]], norms: Sequence[float]) -> float:
    if not any(c is not None for c in cotangent):
        return sum(norms) or 1.0
    return sum(norm * float(np.sum(np.abs(c))) for c, norm in zip(cotangent, norms) if c is not None)


_Item = TypeVar("_Item")


def _at(items: Sequence[_Item], position: int, default: _Item) -> _Item:
    return items[position] if position < len(items) else default
