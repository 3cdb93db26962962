"""What was not finite when the script gave it to a QNode: whether the data, the loss, the QNode or the update made it so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.causes.singular_points import NOT_A_NUMBER
from qdiag.diagnosis.training.history import History
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Diagnosis
from qdiag.model.not_finite import GivenNumbers
from qdiag.model.remarks import Remark

LOOKED_BACK = 64
"""So many calls before the first one without numbers are looked through for what came back from the loss."""

GROWN = 1e3
"""Parameters that grew by so much before they were lost have diverged: they did not become NaN at once."""


def given(history: History, call: Call, lost: Sequence[GivenNumbers]) -> Remark:
    """An argument was not finite: the script made it so, by data, or by an update with what came back."""
    name = f"`{lost[0].name}`"
    if not call.step:
        because = f"{name} is not finite when call {call.index} is given it, before any step was taken: the data hold it already"
        return remark_of(call, _by_the_script(because, "look for NaN in the data"))
    back, grown = _first_lost_on_the_way_back(history, call.index), _growth(history, call.index)
    shown, because, remedy = call, f"all that came back to earlier calls was finite, and {name} is not at call {call.index}", ELSEWHERE
    if back is not None:
        shown, what = back
        because = f"{what} at call {shown.index} (step {shown.step}), although what the QNode gave there is finite; then {name} is not"
        remedy = LOOK[what]
    elif (inside := _first_lost_inside(history, call)) is not None:
        shown, argument = inside
        because = (
            f"the gradient by `{argument}` is not finite at call {shown.index} (step {shown.step}), although those by the numbers in "
            f"its circuit are: what the quantum function works out of `{argument}` has no derivative there; then {name} is not finite"
        )
        remedy = INSIDE
    if grown:
        because, remedy = f"the training diverges: {grown}; {because}", "a smaller learning rate, or gradients clipped to a norm"
    diagnosis = _by_the_script(because, remedy)
    return remark_of(shown, replace(diagnosis, fileable=back is not None and back[1] == OWN and not grown))


def _by_the_script(because: str, remedy: str) -> Diagnosis:
    """What is nothing to report to PennyLane's authors."""
    return replace(NOT_A_NUMBER.diagnosis(Confidence.LIKELY, because, remedy=remedy), fileable=False)


ELSEWHERE = "look at what the script does to it between two calls: the update, and any code of its own"


INSIDE = "keep arguments off the ends of what the quantum function computes from them: an arcsin or arccos of 1, a root of 0"


LOSS, OWN = "the gradient that came back from the loss is not finite", "the gradient of the QNode is not finite"
"""What is lost first on the way back: what the QNode is given there, or what it makes of it."""

LOOK = {
    LOSS: "look at the loss at that call: a logarithm or a root of zero, a division by zero",
    OWN: "another diff_method at that call, or numbers off that point",
}


def is_told_by_methods(history: History, before: int) -> bool:
    """Whether a QNode's own gradient was lost first, and another method has one there: that is a finding already."""
    back = _first_lost_on_the_way_back(history, before)
    if back is None or back[1] != OWN:
        return False
    found = [d for d in history.located.divergences if d.signature is Signature.NAN and d.verdict is Verdict.ERROR]
    return any(d.call.configuration.qnode == back[0].configuration.qnode for d in found)


def _first_lost_on_the_way_back(history: History, before: int) -> Optional[tuple[Call, str]]:
    """The first call before another one to which something came back that is not finite, though it gave numbers."""
    for index in range(max(0, before - LOOKED_BACK), before):
        call = history.recording.call(index)
        for passed in call.backwards:
            if not all(_is_finite(cotangent) for cotangent in passed.cotangents):
                return call, LOSS
            if not all(_is_finite(gradient) for gradient in passed.gradients):
                return call, OWN
    return None


def _first_lost_inside(history: History, lost: Call) -> Optional[tuple[Call, str]]:
    """An earlier call of the same QNode at which the gradient by an argument is seen not to be finite, and that argument."""
    for probe in history.recording.probes:
        if probe.call < lost.index and probe.methods and probe.repeatable:
            call = history.recording.call(probe.call)
            endless = [one.name for one, slope in zip(probe.arguments, probe.methods[0].slopes) if not math.isfinite(slope)]
            if endless and call.configuration.qnode == lost.configuration.qnode:
                return call, endless[0]
    return None


def _is_finite(array: Optional[np.ndarray]) -> bool:
    return array is None or array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _growth(history: History, before: int) -> str:
    """How the numbers in the circuit and the losses had grown before a call, in words; "" where they had not."""
    sizes = [_largest(history.recording.call(index).circuit) for index in range(max(0, before - LOOKED_BACK), before)]
    finite = [size for size in sizes if math.isfinite(size)]
    if not finite or max(finite) <= GROWN * max(1.0, finite[0]):
        return ""
    words = f"the numbers in the circuit grew from {finite[0]:.2g} to {max(finite):.2g}"
    losses = [event.number for event in history.recording.events if event.kind == "loss" and event.number is not None]
    lost = next((k for k, loss in enumerate(losses) if not math.isfinite(loss)), None)
    return words if not lost else f"{words}, the loss from {losses[0]:.2g} to {losses[lost - 1]:.2g} and then to {losses[lost]:.2g}"


def _largest(circuit: Circuit) -> float:
    return max((float(np.max(np.abs(p.value), initial=0.0)) for p in circuit.parameters if p.value.dtype.kind in "fc"), default=0.0)


def remark_of(call: Call, diagnosis: Diagnosis, verdict: Verdict = Verdict.REMARK) -> Remark:
    """A remark about numbers that are lost at a call."""
    return Remark(
        verdict,
        Signature.NAN,
        diagnosis,
        call=call,
        step=call.step,
        places=(call.source,),
        qnodes=(call.configuration.qnode,),
    )
