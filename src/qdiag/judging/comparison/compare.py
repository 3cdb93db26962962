"""Two evaluations side by side: how far apart, and whether the working precision explains it.

Each pair of tensors gets a `Comparison` of its own; the worst stands for the pair. Bounds come from `rounding.Law`; the scale of a
tensor is the largest number in it, floored by what its observable can give, so that a gradient of zero is not judged by its noise.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple, Optional, Union

import numpy as np

from qdiag.judging.comparison.ill_conditioning import Spread
from qdiag.judging.comparison.tensor_pairs import Cotangents, Tensor, tensors_of
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Tolerance, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import STANDARD_DEVIATIONS, Bounds, Law

SEVERITY = (Verdict.AGREE, Verdict.ROUNDING, Verdict.INCONCLUSIVE, Verdict.ERROR)
"""The verdicts of two evaluations that gave numbers, the worst last."""


def compare(
    reference: Evaluation,
    candidate: Evaluation,
    circuit: Circuit,
    tolerance: Tolerance = Tolerance(),
    spread: Optional[Spread] = None,
    cotangents: Cotangents = (),
) -> Comparison:
    """Compare two evaluations of one circuit.

    Parameters
    ----------
    reference, candidate
        The two; the user's own or the reference first. The verdict does not depend on the order.
    circuit
        What was evaluated: its parameters set the working precision, its operations the bound.
    tolerance
        The user's own.
    spread
        What ill-conditioning explains beyond the first term of the bound.
    cotangents
        Those of the vector-Jacobian products; without them the products' scale has the observables' norms for a floor.

    Returns
    -------
    Comparison
        The worst tensor: outputs before derivatives, since a wrong output explains a wrong derivative; but what is no number on one
        side before either, since no number that is off explains that.
    """
    methods = (reference.method, candidate.method)
    if reference.failure is not None or candidate.failure is not None:
        return _failure_comparison(methods, reference.failure, candidate.failure)
    found, pair = _measured(reference, candidate, circuit, tolerance, spread, cotangents)
    if not found:
        return Comparison(methods, Verdict.INCONCLUSIVE, detail="neither gives a number to compare")
    verdicts = {c.verdict for c in found}
    worst = max(verdicts, key=SEVERITY.index)
    alike = found if len(verdicts) == 1 else [c for c in found if c.verdict is worst]
    # where all agree, what is the same to the bit is not what differs
    differing = [c.where for c in alike if c.max_abs > 0] or [alike[0].where]
    where = Signature.NAN if Signature.NAN in differing else differing[0]
    shown = _comparison(max((c for c in alike if c.where == where), key=_excess), pair)
    needed = max(c.tolerance_needed for c in found)
    dtypes = _dtypes(reference, candidate)
    words = f"outputs are {dtypes[0]} against {dtypes[1]}" if dtypes else ""
    devices = (reference.measured, candidate.measured)
    return replace(shown, tolerance_needed=needed, detail=shown.detail or words, dtypes=dtypes, devices=devices)


def comparisons(
    reference: Evaluation,
    candidate: Evaluation,
    circuit: Circuit,
    tolerance: Tolerance = Tolerance(),
    spread: Optional[Spread] = None,
    cotangents: Cotangents = (),
) -> tuple[Comparison, ...]:
    """Compare tensor by tensor: outputs, Jacobian, vector-Jacobian products, second derivatives (see `compare`)."""
    found, pair = _measured(reference, candidate, circuit, tolerance, spread, cotangents)
    return tuple(_comparison(one, pair) for one in found)


def _measured(
    reference: Evaluation,
    candidate: Evaluation,
    circuit: Circuit,
    tolerance: Tolerance,
    spread: Optional[Spread],
    cotangents: Cotangents,
) -> tuple[list[Union[_Measured, Comparison]], _Pair]:
    """How far apart the tensors are, with what is the same for all of them."""
    law = Law.of(circuit, (reference, candidate), tolerance)
    pair = _Pair((reference.method, candidate.method), law, reference.method.stochastic or candidate.method.stochastic)
    if (reference.outputs is None) != (candidate.outputs is None) or len(reference.outputs or ()) != len(candidate.outputs or ()):
        counts = [0 if e.outputs is None else len(e.outputs) for e in (reference, candidate)]
        detail = f"{counts[0]} outputs against {counts[1]}"
        blank = Comparison(pair.methods, Verdict.ERROR, element=Element(Kind.OUTPUT))
        return [_incomparable(blank, Signature.SHAPE, detail)], pair
    return [_measure(t, pair) for t in tensors_of(reference, candidate, circuit, spread or Spread(), cotangents)], pair


class _Pair:
    """What is the same for all tensors of a pair."""

    def __init__(self, methods: tuple[Method, Method], law: Law, stochastic: bool) -> None:
        self.methods, self.law, self.stochastic = methods, law, stochastic
        self._bounds: dict[tuple[float, bool, float], Bounds] = {}

    def bounds(self, scale: float, gradient: bool, spread: float) -> Bounds:
        """As `Law.bounds`, asked once for all tensors of one scale: most are as large as their floor."""
        key = (scale, gradient, spread)
        known = self._bounds.get(key)
        if known is None:
            known = self._bounds[key] = self.law.bounds(scale, gradient=gradient, spread=spread)
        return known


class _Measured(NamedTuple):
    """How far apart one tensor is: a `Comparison` is made of the one that is shown."""

    tensor: Tensor
    where: Signature
    verdict: Verdict
    detail: str
    max_abs: float
    scale: float
    bounds: Bounds
    place: tuple[int, ...]
    values: tuple[Optional[complex], Optional[complex]]

    @property
    def bound(self) -> float:
        """The gap beyond which nothing explains it."""
        return self.bounds.largest

    @property
    def tolerance_needed(self) -> float:
        """The relative tolerance at which the two would agree."""
        return self.max_abs / self.scale


def _comparison(found: Union[_Measured, Comparison], pair: _Pair) -> Comparison:
    if isinstance(found, Comparison):
        return found
    return Comparison(
        pair.methods,
        found.verdict,
        found.where,
        found.tensor.at(found.place),
        found.values,
        eps=pair.law.eps,
        max_abs=found.max_abs,
        max_rel=found.max_abs / found.scale,
        ulps=found.max_abs / (pair.law.eps * found.scale),
        tolerance_needed=found.tolerance_needed,
        bound=found.bound,
        float64_bound=found.bounds.double,
        scale=found.scale,
        detail=found.detail,
    )


# --- one tensor --------------------------------------------------------------------------------------------------------


def _measure(tensor: Tensor, pair: _Pair) -> Union[_Measured, Comparison]:
    a, b = np.asarray(tensor.a), np.asarray(tensor.b)
    if a.ndim == 0 and a.dtype == b.dtype and a.dtype.kind == "f" and a.shape == b.shape:
        one, other = a.item(), b.item()
        if math.isfinite(one) and math.isfinite(other):
            # most are such: a circuit may have hundreds of parameters at each call
            scale = max(tensor.floor, abs(one), abs(other)) or 1.0
            return _found(tensor, pair, abs(one - other), scale, (), (one, other))
    blank = Comparison(pair.methods, Verdict.ERROR, element=tensor.element, eps=pair.law.eps)
    if a.shape != b.shape:
        detail = f"shape {a.shape} against {b.shape}"
        return _incomparable(blank, Signature.SHAPE, detail)
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return replace(blank, verdict=Verdict.INCONCLUSIVE, where=tensor.where, detail=f"{a.dtype} against {b.dtype}: no numbers")
    numbers = np.isfinite(a), np.isfinite(b)
    if (numbers[0] != numbers[1]).any():
        return _not_finite(tensor, pair, a, b, numbers[0] != numbers[1])
    both = numbers[0] & numbers[1]
    wide = [np.where(both, t, 0).astype(np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64) for t in (a, b)]
    gaps = np.abs(wide[0] - wide[1])
    scale = max([tensor.floor, *(float(np.max(np.abs(t), initial=0.0)) for t in wide)]) or 1.0
    gap = float(np.max(gaps, initial=0.0))
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(gaps)), gaps.shape)) if gaps.size else ()
    found = _found(tensor, pair, gap, scale, index, (_number(a, index), _number(b, index)))
    if found.where is Signature.OUTPUT and (a.dtype.kind == "c") != (b.dtype.kind == "c") and found.verdict is not Verdict.ERROR:
        return found._replace(verdict=Verdict.ERROR, where=Signature.DTYPE, detail=f"{a.dtype} against {b.dtype}")
    return found


def _found(
    tensor: Tensor, pair: _Pair, gap: float, scale: float, index: tuple[int, ...], values: tuple[Optional[complex], Optional[complex]]
) -> _Measured:
    where = tensor.where
    gradient = where is not Signature.OUTPUT
    bounds = pair.bounds(scale, gradient, tensor.spread)
    verdict, detail = _verdict(gap, bounds, pair.stochastic and gradient)
    return _Measured(tensor, where, verdict, detail, gap, scale, bounds, index, values)


def _verdict(gap: float, bounds: Bounds, stochastic: bool) -> tuple[Verdict, str]:
    if gap <= bounds.double:
        return Verdict.AGREE, ""
    if stochastic:
        return Verdict.INCONCLUSIVE, "one of the methods is random by construction"
    if gap <= bounds.working:
        return Verdict.ROUNDING, ""
    if gap <= bounds.sampled:
        return Verdict.INCONCLUSIVE, f"within {STANDARD_DEVIATIONS:g} standard deviations of the sampling error"
    return Verdict.ERROR, ""


def _not_finite(tensor: Tensor, pair: _Pair, a: np.ndarray, b: np.ndarray, odd: np.ndarray) -> Comparison:
    index = tuple(int(i) for i in np.argwhere(odd)[0])
    method, value = (pair.methods[0], a[index]) if not np.isfinite(a[index]) else (pair.methods[1], b[index])
    values = (_number(a, index), _number(b, index))
    shown = Comparison(pair.methods, Verdict.ERROR, element=tensor.at(index), values=values, eps=pair.law.eps)
    return _incomparable(shown, Signature.NAN, f"{method} gives {value} at {int(odd.sum())} of {odd.size} elements")


def _incomparable(comparison: Comparison, where: Signature, detail: str) -> Comparison:
    """The same comparison where a number faces none, or another shape: further apart than any figure."""
    infinite = math.inf
    return replace(
        comparison, where=where, max_abs=infinite, max_rel=infinite, ulps=infinite, tolerance_needed=infinite, detail=detail
    )


def _failure_comparison(methods: tuple[Method, Method], first: Optional[Failure], second: Optional[Failure]) -> Comparison:
    words = [f"{method} raises {f.type}: {f.message}" for method, f in zip(methods, (first, second)) if f is not None]
    verdict = Verdict.REFUSED if len(words) == 2 else Verdict.ERROR
    return Comparison(methods, verdict, where=Signature.RAISE, detail="; ".join(words), failures=(first, second))


def _dtypes(a: Evaluation, b: Evaluation) -> tuple[str, ...]:
    pairs = [(str(np.asarray(x).dtype), str(np.asarray(y).dtype)) for x, y in zip(a.outputs or (), b.outputs or ())]
    return next((pair for pair in pairs if pair[0] != pair[1]), ())


def _excess(comparison: Union[_Measured, Comparison]) -> float:
    return math.inf if not math.isfinite(comparison.max_abs) else comparison.max_abs / (comparison.bound or 1.0)


def _number(array: np.ndarray, index: tuple[int, ...]) -> Optional[complex]:
    return array[index].item() if array.size and np.isfinite(array[index]) else None
