"""The tensors of two evaluations in pairs: which belongs to which, what each is called, and the floor of its scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Optional, TypeVar

import numpy as np

from qdiag.judging.comparison.ill_conditioning import Spread
from qdiag.model.circuit import Circuit, raw_outputs
from qdiag.model.comparison import Signature
from qdiag.model.element import Element, Kind, trainable_names
from qdiag.model.evaluation import Evaluation
from qdiag.model.numerics.surfaces import tangential

Cotangents = Sequence[Sequence[Optional[np.ndarray]]]
"""One array (or None) for each output, for each vector-Jacobian product."""

_WHERE = {
    Kind.OUTPUT: Signature.OUTPUT,
    Kind.JACOBIAN: Signature.JACOBIAN,
    Kind.PRODUCT: Signature.VJP,
    Kind.SECOND: Signature.SECOND_DERIVATIVE,
}


class Tensor(NamedTuple):
    """Two arrays that ought to be the same.

    Parameters
    ----------
    element
        What the whole tensor is one of.
    a, b
        The two.
    axes
        How many of their axes are the output's; all others are the parameter's.
    floor
        Differences are never measured against a smaller scale than this.
    spread
        What ill-conditioning explains, absolute.
    """

    element: Element
    a: np.ndarray
    b: np.ndarray
    axes: int
    floor: float
    spread: float

    @property
    def where(self) -> Signature:
        """What kind of difference it is if the two are apart."""
        return _WHERE[self.element.kind]

    def at(self, index: tuple[int, ...]) -> Element:
        """The element at an index: that in the output comes before that in the parameter."""
        return replace(self.element, index=index[: self.axes], at=index[self.axes :]) if index else self.element


def tensors_of(a: Evaluation, b: Evaluation, circuit: Circuit, spread: Spread, cotangents: Cotangents) -> Iterator[Tensor]:
    """The tensors that both evaluations have, outputs first.

    Raw samples cannot be compared one by one, nor can a state vector with the density matrix that another device gives of it.
    """
    outputs = list(zip(a.outputs or (), b.outputs or ()))
    count = len(outputs)
    norms = [max(_at(a.norms, i, 0.0), _at(b.norms, i, 0.0)) or 1.0 for i in range(count)]
    raw = {*raw_outputs(circuit, count), *(i for i, pair in enumerate(outputs) if _is_one_state(*pair))}
    for i, (x, y) in enumerate(outputs):
        if i in raw:
            continue
        yield Tensor(_output_element(i, count), x, y, np.ndim(x), norms[i], _at(spread.outputs, i, 0.0))
    form = circuit.form
    for i, (row, other) in enumerate(zip(_along(circuit, a.jacobian or ()), _along(circuit, b.jacobian or ()))):
        if i in raw:
            continue
        ndim = np.ndim(outputs[i][0]) if i < count else 0
        elements = _elements(form, Kind.JACOBIAN, len(row), i, count)
        for j, (x, y, element) in enumerate(zip(row, other, elements)):
            yield Tensor(element, x, y, ndim, norms[i] if i < count else 1.0, _at(_at(spread.jacobian, i, ()), j, 0.0))
    for k, (row, other) in enumerate(zip(_along(circuit, a.vjps), _along(circuit, b.vjps))):
        floor = _floor(_at(cotangents, k, ()), norms)
        elements, spreads = _elements(form, Kind.PRODUCT, len(row), loss=None if len(a.vjps) < 3 else k), _at(spread.vjps, k, ())
        for j, (x, y, element) in enumerate(zip(row, other, elements)):
            yield Tensor(element, x, y, 0, floor, _at(spreads, j, 0.0))
    if not (a.takes_second_differences or b.takes_second_differences):
        for x, y, element in zip(a.hvp or (), b.hvp or (), _elements(form, Kind.SECOND, len(a.hvp or ()))):
            yield Tensor(element, x, y, 0, sum(norms), 0.0)


@lru_cache(maxsize=256)
def _output_element(position: int, count: int) -> Element:
    return Element(Kind.OUTPUT, position, count)


@lru_cache(maxsize=256)
def _elements(
    form: Circuit, kind: Kind, number: int, output: int = 0, outputs: int = 1, loss: Optional[int] = None
) -> tuple[Element, ...]:
    """What the derivatives by each of so many parameters are called."""
    names = trainable_names(form)
    return tuple(Element(kind, output, outputs, by=_at(names, j, f"parameter {j}"), loss=loss) for j in range(number))


def _is_one_state(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether one is a state vector and the other a density matrix of its size."""
    narrow, wide = sorted((np.shape(x), np.shape(y)), key=len)
    return len(narrow) > 0 and wide == (*narrow, narrow[-1]) and np.iscomplexobj(x) and np.iscomplexobj(y)


def _along(circuit: Circuit, rows: Sequence[Sequence[np.ndarray]]) -> list[tuple[np.ndarray, ...]]:
    return [tangential(circuit, [np.asarray(part) for part in row]) for row in rows]


def _floor(cotangent: Sequence[Optional[np.ndarray]], norms: Sequence[float]) -> float:
    if not any(c is not None for c in cotangent):
        return sum(norms) or 1.0
    return sum(norm * float(np.sum(np.abs(c))) for c, norm in zip(cotangent, norms) if c is not None)


_Item = TypeVar("_Item")


def _at(items: Sequence[_Item], position: int, default: _Item) -> _Item:
    return items[position] if position < len(items) else default
