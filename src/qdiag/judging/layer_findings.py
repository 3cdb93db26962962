"""What a layer makes of its QNode's results: it hands them on in the dtype of its input, which may not be able to hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, Optional

import numpy as np

from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence, Evidence, Outcome

INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "bool")
FLOATS = ("float64", "float32", "float16")

HEALED = 1e-6
"""Of what was lost before: a dtype that can hold a result loses no more of it than rounding, one that cannot loses all of it or a part
of its size."""

Loss = Callable[[str, bool], Optional[float]]
"""How much a layer whose input has a dtype makes of one result, real or complex, gets lost; None where that could not be tried."""


def divergence(call: Call) -> Optional[Divergence]:
    """The results that cannot be held in what a call's layer handed on; None where all can, rounding apart."""
    dtype = call.layer_dtype
    if dtype not in (*INTEGERS, *FLOATS) or not call.outputs:
        return None
    gaps = [np.abs(output - _cast(output, dtype)) for output in call.outputs if _loses(output, dtype)]
    if not gaps:
        return None
    k = int(np.argmax([np.max(gap, initial=0.0) for gap in gaps]))
    output = [output for output in call.outputs if _loses(output, dtype)][k]
    index = np.unravel_index(int(np.argmax(gaps[k])), gaps[k].shape)
    gap, value, left = float(gaps[k][index]), output[index].item(), _cast(output, dtype)[index].item()
    size = max(1.0, float(np.max(np.abs(output))))
    comparison = Comparison(
        (call.method, call.method),
        Verdict.ERROR,
        Signature.DTYPE,
        element=Element(Kind.LAYER),
        values=(left, value),
        max_abs=gap,
        max_rel=gap / size,
        tolerance_needed=gap / size,
        scale=size,
        detail=f"the layer handed on {dtype} where its QNode gave {output.dtype}: {_word(value)} became {left:g}",
    )
    judged = f"the QNode's own results are not in question; {dtype}, the dtype of the layer's input, cannot hold them"
    return Divergence(call, comparison, judged=judged, worst_call=call.index, calls=(call.index,))


def _loses(output: np.ndarray, dtype: str) -> bool:
    """Whether more than rounding is lost: what follows the decimal point, or an imaginary part."""
    return (output.dtype.kind in "fc" and dtype in INTEGERS) or output.dtype.kind == "c"


def _cast(output: np.ndarray, dtype: str) -> np.ndarray:
    return np.asarray(output.real).astype(dtype)


def _word(value: complex) -> str:
    return f"{value:.6g}"


def evidence(found: Divergence, loss: Loss) -> tuple[Evidence, ...]:
    """The experiments: a layer with one result and an input of this dtype, of another of its kind, and of one that can hold the result.

    Parameters
    ----------
    found
        What was found.
    loss
        Tries such a layer.
    """
    dtype, is_complex = found.call.layer_dtype, any(np.iscomplexobj(output) for output in found.call.outputs or ())
    before = loss(dtype, is_complex)
    if not before:
        return ()
    kind: Sequence[str] = INTEGERS if dtype in INTEGERS else FLOATS
    neighbour, wide = next(name for name in kind if name != dtype), "complex128" if is_complex else "float64"
    tried = [(wide, Outcome.HEALS, loss(wide, is_complex)), (neighbour, Outcome.PERSISTS, loss(neighbour, is_complex))]
    return tuple(
        Evidence(f"a layer whose input is {name}", before, after, outcome, (after <= HEALED * before) == (outcome is Outcome.HEALS))
        for name, outcome, after in tried
        if after is not None
    )
