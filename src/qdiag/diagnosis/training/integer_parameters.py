"""Parameters that are whole numbers: autograd hands a gradient on in the dtype of its array, and an integer holds no fraction of it.

The slope that came back to the circuit is recorded; what is left of it in the argument's dtype is asked of autograd itself, and so is
what a float would have got.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.causes.complex_numbers import LOSSY_CAST
from qdiag.diagnosis.training.history import History
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.model.call import Argument, Call
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.element import Element, Kind, parameter_names
from qdiag.model.findings import Confidence, Evidence, Outcome
from qdiag.model.remarks import Remark

WHOLE = frozenset({"int8", "int16", "int32", "int64", "uint8"})

MOST_CALLS = 64
"""So many of the first calls are looked at: after a step the parameters are floats."""


def remarks(history: History) -> Iterator[Remark]:
    """The first call to which a fraction came back for a whole number that is trained."""
    for index in range(min(MOST_CALLS, len(history.recording))):
        call = history.recording.call(index)
        argument = next((one for one in call.arguments if _is_whole(one)), None)
        found = None if argument is None else _largest_fraction(call)
        if argument is not None and found is not None:
            yield from _remark(history, call, argument, *found)
            return


def _is_whole(argument: Argument) -> bool:
    return argument.container == "autograd" and argument.trainable and argument.dtype in WHOLE


def _largest_fraction(call: Call) -> Optional[tuple[str, float]]:
    """The whole number of the circuit whose recorded slope loses most of itself as a whole number, and that slope."""
    parameters, names = call.circuit.parameters, parameter_names(call.circuit)
    slopes = [
        (names[position], float(gradient))
        for backward in call.backwards
        for position, gradient in zip(call.circuit.trainable, backward.gradients)
        if gradient is not None and gradient.dtype.kind == "f" and not gradient.ndim and parameters[position].value.dtype.kind in "iu"
    ]
    lost = [(name, slope) for name, slope in slopes if math.isfinite(slope) and not slope.is_integer()]
    return max(lost, key=lambda one: abs(one[1] - int(one[1]))) if lost else None


def _remark(history: History, call: Call, argument: Argument, name: str, slope: float) -> Iterator[Remark]:
    left = _handed_on(history, slope, argument.dtype)
    whole = _handed_on(history, slope, "float64")
    if left is None or left == slope:
        return
    evidence = [Evidence(f"the same slope handed on to {argument.dtype}", abs(slope - left), abs(slope - left), Outcome.PERSISTS, True)]
    if whole is not None:
        evidence.insert(0, Evidence("handed on to float64", abs(slope - left), abs(slope - whole), Outcome.HEALS, whole == slope))
    proven = whole == slope
    because = (
        f"`{argument.name}` holds whole numbers ({argument.dtype}), and autograd hands their gradient on in that dtype: "
        f"{slope:.4g} for {name} became {left:g}{_not_moved(history, call, argument)}"
    )
    remedy = f"give `{argument.name}` as floats: 0.0 instead of 0, or dtype=float"
    diagnosis = LOSSY_CAST.diagnosis(
        Confidence.CONFIRMED if proven else Confidence.LIKELY, because, remedy=remedy, evidence=tuple(evidence)
    )
    yield Remark(
        Verdict.ERROR if proven else Verdict.REMARK,
        Signature.JACOBIAN,
        replace(diagnosis, blamed=str(Element(Kind.ARGUMENT, by=argument.name))),
        call=call,
        calls=(call.index,),
        step=call.step,
        places=(call.source,),
        qnodes=(call.configuration.qnode,),
    )


def _handed_on(history: History, slope: float, dtype: str) -> Optional[float]:
    asked = history.evaluator.call(remote.integer_gradient, slope, dtype)
    found: Optional[float] = answer_of(asked, None, "the gradient of a whole number")
    return found


def _not_moved(history: History, call: Call, argument: Argument) -> str:
    """That the step after the call left the argument as it was, in words, where that was recorded."""
    steps = (seen.fact for seen in history.training.steps if seen.step == call.step)
    same = any(a.name == argument.name and a.given == a.returned for step in steps for a in step.arguments)
    return "; the step after it moved nothing" if same else ""
