"""Metric tensors beside our own: natural gradients are no better than the metric that they are divided by.

Only the full metric is judged, where its entries are those of the circuit's own numbers. ``block-diag`` and ``diag`` are approximations
that the user asks for, also by a device that has no wire to spare.
"""

from __future__ import annotations

from typing import Optional

import numpy as np

from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.arbiter.metric import metric_tensor
from qdiag.model.call import Call, Configuration
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence, Evidence, Outcome
from qdiag.model.method import ARBITER
from qdiag.model.numerics.rounding import NUMERICAL_DERIVATIVE, Law
from qdiag.model.probe import Proof
from qdiag.model.transform_families import METRIC_TENSORS, spelt
from qdiag.model.variants import as_marked

_OTHERWISE = frozenset({"approx", "argnum", "hybrid"})
"""Options that make something else of the metric, where they are not left at None."""


def is_judged(configuration: Configuration) -> bool:
    """Whether a call gave a full metric tensor by numbers of its circuit."""
    told = {name.partition(".")[2] for name, value in configuration.transform_options if value is not None}
    return configuration.remade_by in METRIC_TENSORS and bool(configuration.metric_of) and not told & _OTHERWISE


def divergence(call: Call, evaluator: Evaluator, *, trusted: bool = False) -> Optional[Divergence]:
    """How far the metric tensor of a call is from that of its circuit's state; None where it is that, or cannot be judged."""
    circuit, configuration = call.written or call.circuit, call.configuration
    spare = not configuration.device_wires or {*configuration.device_wires} - {*circuit.wires}
    if not is_judged(configuration) or call.outputs is None or circuit.shots or circuit.opaque or not spare:
        return None
    asked = evaluator.call(metric_tensor, as_marked(circuit), (), trusted)
    whole: Optional[np.ndarray] = answer_of(asked, None, "the metric tensor")
    if whole is None or len(call.outputs) != len(configuration.metric_of):
        return None
    law = Law.of(circuit, (Evaluation(call.method),))
    for number, (given, places) in enumerate(zip(call.outputs, configuration.metric_of)):
        right = whole[np.ix_(places, places)]
        found = np.asarray(given)
        if found.size != right.size or not np.isfinite(found).all():
            continue
        gaps = np.abs(found.reshape(right.shape) - right)
        scale = max(1.0, float(np.max(np.abs(right), initial=0.0)))
        bound = law.from_exact(scale, gradient=True) + 100 * NUMERICAL_DERIVATIVE * scale
        if np.max(gaps, initial=0.0) > bound:
            return _divergence(call, number, found, right, bound)
    return None


def evidence(found: Divergence, evaluator: Evaluator, *, trusted: bool = False) -> tuple[Evidence, ...]:
    """PennyLane's other route to the same metric: where that agrees with ours, it is the route that is wrong."""
    call, comparison = found.call, found.comparison
    circuit = as_marked(call.written or call.circuit)
    ours: Optional[np.ndarray] = answer_of(evaluator.call(metric_tensor, circuit, (), trusted), None, "the metric tensor")
    asked = evaluator.call(remote.adjoint_metric_tensor, circuit, trusted)
    other: Optional[np.ndarray] = answer_of(asked, None, "PennyLane's adjoint metric tensor")
    if ours is None or other is None or ours.shape != other.shape:
        return ()
    gap = float(np.max(np.abs(ours - other), initial=0.0))
    return (Evidence("adjoint_metric_tensor instead", comparison.max_abs, gap, Outcome.HEALS, gap <= comparison.bound),)


def _divergence(call: Call, number: int, found: np.ndarray, right: np.ndarray, bound: float) -> Divergence:
    flat = int(np.argmax(np.abs(found.reshape(-1) - right.reshape(-1))))
    index = tuple(int(i) for i in np.unravel_index(flat, found.shape))
    gap = float(np.abs(found.reshape(-1)[flat] - right.reshape(-1)[flat]))
    values = (float(found.reshape(-1)[flat]), float(right.reshape(-1)[flat]))
    comparison = Comparison(
        (call.method, ARBITER),
        Verdict.ERROR,
        Signature.OUTPUT,
        element=Element(Kind.OUTPUT, output=number, outputs=len(call.outputs or ()), index=index),
        values=values,
        max_abs=gap,
        max_rel=gap,
        bound=bound,
        detail=Proof.METRIC.value,
    )
    name = spelt(call.configuration.remade_by)
    judged = f"{name} gives {values[0]:.6g}, derivatives of the state by our own simulation {values[1]:.6g}"
    return Divergence(call, comparison, (), judged, worst_call=call.index, calls=(call.index,), proof=Proof.METRIC)
