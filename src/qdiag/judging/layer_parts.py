"""Whether a layer puts its QNode's results where they belong, and sends back what belongs to its inputs and weights.

What a layer hands on is not recorded. Its contract is known, though: the results of a row side by side. So a layer of the installed
PennyLane, with inputs and results of the same sizes, is held against its QNode's own results.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Callable, Optional

import numpy as np

from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence, Evidence, Outcome

Sizes = tuple[int, ...]
Apart = tuple[tuple[float, float, float], float]
"""How far a layer is off, in what it hands on and in slopes by inputs and weights; how far its QNode's batch is from its rows."""

Parts = Callable[[Sizes, Sizes, str, float], Optional[Apart]]
"""Tries a layer with results and inputs of these sizes, of a dtype, from a first number on; None where that could not be tried."""

MOST_ROWS, MOST_RESULTS, LARGEST = 8, 16, 32
"""Of a batch, of a QNode, of a result in each row: what is larger is not tried as large. Each row costs a call of its own besides."""

ROUNDING = 1e3
"""In eps: a layer of sixty-four rows is off by twelve."""

STARTS = (0.1, 0.45)
"""Where the inputs begin that are tried."""

_WHAT = ("hands on other numbers than", "sends back other slopes by its inputs than", "sends back other slopes by its weights than")

BECAUSE = "a layer of the installed PennyLane, with a QNode of as many results, does so too; the QNode called by itself does not"
REMEDY = "a module of your own that holds the weights and calls the QNode with them; report it: qdiag report --github"


def layout_of(call: Call) -> Optional[tuple[Sizes, Sizes]]:
    """The sizes of a layer's results in each row, and the shape of its inputs; None where it is none that is tried."""
    shape = next((argument.shape for argument in call.arguments if argument.name == "inputs"), ())
    if call.configuration.layer != "TorchLayer" or len(shape) not in (1, 2) or not call.outputs or call.circuit.shots:
        return None
    rows = shape[0] if len(shape) == 2 else 1
    outputs = [np.asarray(output) for output in call.outputs]
    whole = rows and all(output.dtype.kind == "f" and output.size and output.size % rows == 0 for output in outputs)
    sizes = tuple(output.size // rows for output in outputs) if whole else ()
    if not 0 < len(sizes) <= MOST_RESULTS or any(size > LARGEST or size & (size - 1) for size in sizes) or not shape[-1]:
        return None
    return sizes, (min(rows, MOST_ROWS), shape[1]) if len(shape) == 2 else shape


def divergence(call: Call, parts: Parts) -> Optional[Divergence]:
    """What such a layer makes of right results; None where that is what they are.

    Parameters
    ----------
    call
        Of a QNode inside a layer.
    parts
        Tries a layer.
    """
    layout = layout_of(call) if call.layer_dtype in ("float32", "float64") else None
    found = None if layout is None else parts(*layout, call.layer_dtype, STARTS[0])
    if found is None:
        return None
    bound = ROUNDING * float(np.finfo(call.layer_dtype).eps)
    tracked = {argument.name == "inputs" for argument in call.arguments if argument.trainable}
    taken = (True, True in tracked, False in tracked)
    k = next((k for k, gap in enumerate(found[0]) if taken[k] and not gap <= bound), None)
    if k is None or not found[1] <= bound:
        return None
    gap = found[0][k]
    comparison = Comparison(
        (call.method, call.method),
        Verdict.ERROR,
        Signature.VJP if k else Signature.OUTPUT,
        element=Element(Kind.LAYER),
        max_abs=gap,
        max_rel=gap,
        bound=bound,
        tolerance_needed=gap,
        detail=f"the layer {_WHAT[k]} its QNode: off by {gap:.2g} where it was tried",
    )
    judged = "the QNode's own results are not in question: they are not what a layer with results of these sizes makes of them"
    return replace(Divergence(call, comparison, judged=judged), worst_call=call.index, calls=(call.index,))


def evidence(found: Divergence, parts: Parts) -> tuple[Evidence, ...]:
    """The experiments: the QNode by itself, on a batch and row by row, and the layer with other inputs."""
    layout, k = layout_of(found.call), _WHAT.index(next(what for what in _WHAT if what in found.comparison.detail))
    tried = None if layout is None else parts(*layout, found.call.layer_dtype, STARTS[1])
    if tried is None:
        return ()
    before, bound, other = found.comparison.max_abs, found.comparison.bound or inf, tried[0][k]
    return (
        Evidence("the QNode without the layer", before, tried[1], Outcome.HEALS, tried[1] <= bound),
        Evidence("other inputs", before, other, Outcome.PERSISTS, other > bound),
    )
