"""What transforms made of circuits: each circuit as it ran beside the one that was written, both by our own simulation.

All methods are given the circuit that the transforms left, so they agree on it whatever has become of what the user meant. A transform
of PennyLane's that promises to leave results alone is held to that; one that means to change the circuit, or makes results of another
kind, is not; about a user's own nothing is known, so that a change is only remarked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.arbiter.circuit_function import wire_order
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.call import Call, Configuration
from qdiag.model.circuit import Circuit, measures_midway
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Divergence, Evidence, Outcome
from qdiag.model.method import ARBITER
from qdiag.model.numerics.rounding import Law, working_eps
from qdiag.model.probe import Proof
from qdiag.model.transform_families import TransformKind

ANGLES = 10.0
"""Transforms work out angles by arccos and arctan2: near a pole these keep half of the digits, and so may their results."""

_ASKED_FOR = (".atol", ".epsilon")
"""How far a transform may go by its user's word, as the names of such options end."""

STATES = frozenset({"StateMP", "state"})
"""Results of which a common phase means nothing."""


@dataclass(frozen=True, eq=False)
class _Sides:
    """What ran beside what was written: outputs, and how far apart rounding may put them, for each output."""

    ran: tuple[np.ndarray, ...]
    written: tuple[np.ndarray, ...]
    bounds: tuple[float, ...]


def divergence(call: Call, evaluator: Evaluator, *, trusted: bool = False) -> Optional[Divergence]:
    """How far the results of a call are from those of the circuit as written; None where they are the same, or meant to differ."""
    verdict = _verdict_of_a_change(call.configuration)
    if verdict is None or call.failure is not None:
        return None
    sides = _simulated(call, evaluator, trusted) if call.written is not None else _recorded(call, evaluator, trusted)
    if sides is None or not _alike_in_shape(sides):
        return None
    comparison = _comparison(call, sides, verdict)
    if comparison is None:
        return None
    ran, written = comparison.values
    judged = f"the circuit as it ran gives {ran:.6g}, the one that was written {written:.6g}, by our own simulation in double precision"
    return Divergence(call, comparison, (), judged, worst_call=call.index, calls=(call.index,), proof=Proof.REWRITTEN)


def evidence(found: Divergence, evaluator: Evaluator, *, trusted: bool = False) -> tuple[Evidence, ...]:
    """The call's own method on the circuit as written: without the transforms its results are those that were meant."""
    call, bound = found.call, found.comparison.bound
    written = call.written or call.circuit
    meant = _reference(evaluator, written, call.configuration, trusted)
    own = evaluator.submit(Request.of(_analytic(written), call.method, call.configuration, trusted=trusted)).result()
    if meant.outputs is None or own.outputs is None or len(meant.outputs) != len(own.outputs):
        return ()
    gap = max((_gap(a, b) for a, b in zip(_aligned(own.outputs, meant.outputs, written), meant.outputs)), default=0.0)
    names = ", ".join(call.configuration.transforms)
    return (Evidence(f"{names} removed", found.comparison.max_abs, gap, Outcome.HEALS, gap <= bound),)


def is_judged(configuration: Configuration) -> bool:
    """Whether the QNode has transforms that may be held to what was written."""
    return _verdict_of_a_change(configuration) is not None


def _verdict_of_a_change(configuration: Configuration) -> Optional[Verdict]:
    """What it is if results are not those of the circuit as written; None where nothing follows from that."""
    if not configuration.transforms or configuration.transforms_of(TransformKind.CHANGING, TransformKind.REMAKING):
        return None
    return Verdict.REMARK if configuration.transforms_of(TransformKind.UNKNOWN) else Verdict.ERROR


# --- both sides --------------------------------------------------------------------------------------------------------------


def _simulated(call: Call, evaluator: Evaluator, trusted: bool) -> Optional[_Sides]:
    """The circuit that ran and the one that was written, both simulated."""
    assert call.written is not None, "the transforms left another circuit"
    written, ran = call.written, call.circuit
    if not (written.finite and ran.finite) or written.opaque or ran.opaque:
        return None
    wires = call.configuration.device_wires or wire_order(written)
    if not {*ran.wires, *written.wires} <= {*wires} and any(not m.wires for m in written.measurements):
        return None  # a state of more wires is another kind of result
    order = (*wires, *(label for label in (*written.wires, *ran.wires) if label not in wires))
    configuration = replace(call.configuration, device_wires=tuple(dict.fromkeys(order)))
    meant, found = (_reference(evaluator, circuit, configuration, trusted) for circuit in (written, ran))
    if meant.outputs is None or found.outputs is None or len(meant.outputs) != len(found.outputs):
        return None
    lost = ANGLES * float(np.sqrt(max(working_eps(circuit, ()) for circuit in (written, ran))))
    lost += sum(_asked_for(name, value) for name, value in call.configuration.transform_options)
    bounds = tuple(lost * max(1.0, norm) + one + other for norm, one, other in zip(meant.norms, meant.errors, found.errors))
    sides = _Sides(_aligned(found.outputs, meant.outputs, written), meant.outputs, bounds)
    return sides if _is_what_the_script_got(call, sides) else None


def _is_what_the_script_got(call: Call, sides: _Sides) -> bool:
    """Whether our simulation of the circuit that ran gives the script's own results: else nothing follows from it.

    A projector that stands for a postselected measurement, say, is followed by dividing by what is left. Where results are drawn,
    circuits with measurements in the middle are not judged.
    """
    if call.outputs is None or call.circuit.shots:
        return not measures_midway(call.written or call.circuit)
    law = Law.of(call.circuit, (Evaluation(call.method),))
    got = _aligned(call.outputs, sides.ran, call.circuit)
    slack = law.from_exact(1.0, gradient=False)
    return len(got) == len(sides.ran) and all(
        _gap(one, other) <= bound + 2 * slack * max(1.0, float(np.max(np.abs(other), initial=0.0)))
        for one, other, bound in zip(got, sides.ran, sides.bounds)
    )


def _recorded(call: Call, evaluator: Evaluator, trusted: bool) -> Optional[_Sides]:
    """What the script got of several circuits, beside the one that was written: where the own method has that one right."""
    written = call.circuit
    if not call.configuration.made or call.outputs is None or written.shots or not written.finite or written.opaque:
        return None
    meant = _reference(evaluator, written, call.configuration, trusted)
    if meant.outputs is None or len(meant.outputs) != len(call.outputs):
        return None
    own = evaluator.submit(Request.of(written, call.method, call.configuration, trusted=trusted)).result()
    law = Law.of(written, (Evaluation(call.method),))
    bounds = tuple(2 * law.from_exact(max(1.0, norm), gradient=False) + error for norm, error in zip(meant.norms, meant.errors))
    rightly = own.outputs is not None and all(
        np.shape(a) == np.shape(b) and _gap(a, b) <= bound for a, b, bound in zip(own.outputs, meant.outputs, bounds)
    )
    return _Sides(_aligned(call.outputs, meant.outputs, written), meant.outputs, bounds) if rightly else None


def _reference(evaluator: Evaluator, circuit: Circuit, configuration: Configuration, trusted: bool) -> Reference:
    asked = evaluator.call(reference, _analytic(circuit), configuration.device_wires, "outputs", trusted)
    found: Optional[Reference] = answer_of(asked, None, "the circuit as written")
    return found or Reference(reason="it was not worked out")


def _analytic(circuit: Circuit) -> Circuit:
    return replace(circuit, shots=()) if circuit.shots else circuit


def _asked_for(name: str, value: object) -> float:
    """How far an option of a transform lets it go."""
    return float(value) if name.endswith(_ASKED_FOR) and isinstance(value, (int, float)) else 0.0


# --- how far apart -------------------------------------------------------------------------------------------------------------


def _aligned(outputs: Sequence[Any], meant: Sequence[np.ndarray], circuit: Circuit) -> tuple[np.ndarray, ...]:
    """States in the phase of those that were meant; all else as it is."""
    names = [measurement.name for measurement in circuit.measurements]
    if len(names) != len(outputs):
        return tuple(np.asarray(output) for output in outputs)
    return tuple(_in_phase(np.asarray(o), m) if name in STATES else np.asarray(o) for o, m, name in zip(outputs, meant, names))


def _in_phase(state: np.ndarray, meant: np.ndarray) -> np.ndarray:
    if state.shape != meant.shape or state.ndim not in (1, 2):
        return state
    overlap = np.sum(state.conj() * meant, axis=-1, keepdims=True)
    size = np.abs(overlap)
    return np.asarray(state * np.where(size > 0, overlap / np.where(size > 0, size, 1.0), 1.0))


def _alike_in_shape(sides: _Sides) -> bool:
    return all(a.shape == b.shape and np.isfinite(b).all() for a, b in zip(sides.ran, sides.written))


def _gap(one: Any, other: Any) -> float:
    if np.shape(one) != np.shape(other):
        return float("inf")
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other)), initial=0.0))


def _comparison(call: Call, sides: _Sides, verdict: Verdict) -> Optional[Comparison]:
    """The element that is furthest beyond its bound; None where all are within."""
    excess = [_gap(a, b) / bound for a, b, bound in zip(sides.ran, sides.written, sides.bounds)]
    worst = max(range(len(excess)), key=excess.__getitem__, default=None)
    if worst is None or not excess[worst] > 1:
        return None
    ran, written, bound = sides.ran[worst], sides.written[worst], sides.bounds[worst]
    flat = int(np.argmax(np.abs(ran - written)))
    index = tuple(int(i) for i in np.unravel_index(flat, ran.shape))
    gap, scale = _gap(ran, written), max(1.0, float(np.max(np.abs(written), initial=0.0)))
    eps = working_eps(call.circuit, (call.method,))
    values = tuple(_value(side.reshape(-1)[flat]) for side in (ran, written))
    return Comparison(
        (call.method, ARBITER),
        verdict,
        Signature.OUTPUT,
        element=Element(Kind.OUTPUT, output=worst, outputs=len(sides.ran), index=index),
        values=(values[0], values[1]),
        max_abs=gap,
        max_rel=gap / scale,
        ulps=gap / (eps * scale),
        eps=eps,
        bound=bound,
        scale=scale,
        detail="the circuit that ran is not the one that was written",
    )


def _value(number: Any) -> Any:
    return complex(number) if np.iscomplexobj(number) else float(number)
