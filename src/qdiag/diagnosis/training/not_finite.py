"""Where NaN comes from: the first call that has it, and what of that call had it first.

In the order of time a call's parameters come before its results, these before what comes back from the loss, and that before the
gradients. What is not finite in a circuit whose call was given numbers was made by the quantum function or by an operation: there the
operation and the row are named, and another row in its place proves it. What was not finite when it was given came from the script.
Where a circuit of numbers gives none under any method, it was the circuit: mostly by postselecting what never happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.causes.singular_points import DIVIDED_BY_ZERO, NOT_A_NUMBER, START_OFF
from qdiag.diagnosis.training.given_not_finite import given, is_told_by_methods, remark_of
from qdiag.diagnosis.training.history import History
from qdiag.evaluation.answers import answer_of
from qdiag.judging.arbiter.selection import selects_nothing
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Request
from qdiag.model.findings import Confidence, Evidence, Outcome
from qdiag.model.node import nodes_of, parameters_of
from qdiag.model.not_finite import GivenNumbers, NotFinite
from qdiag.model.operator_families import STATE_DATA
from qdiag.model.parameter import Parameter
from qdiag.model.remarks import Remark
from qdiag.model.variants import with_parameters


def remarks(history: History) -> Iterator[Remark]:
    """Where the numbers of a training are lost first, or nothing where all are finite."""
    if not history.training.not_finite:
        return
    seen = history.training.not_finite[0].fact
    call = history.recording.call(seen.call)
    if call.failure is not None:
        return
    if call.circuit.finite:
        yield from _of_numbers(history, call)
        return
    lost = [one for one in seen.given if one.lost]
    if not lost:
        yield _made(history, call, seen)
    elif not is_told_by_methods(history, call.index):
        yield given(history, call, lost)


# --- made of a circuit that holds numbers ------------------------------------------------------------------------------------


def _of_numbers(history: History, call: Call) -> Iterator[Remark]:
    """No number of a circuit of numbers, unless comparing methods has told it: then one of them gives a number."""
    told = [one for one in history.located.divergences if one.signature in (Signature.NAN, Signature.OUTPUT)]
    if any(one.call.configuration.qnode == call.configuration.qnode for one in told):
        return
    never = answer_of(history.evaluator.call(selects_nothing, call.circuit, history.trusted), False, "what is postselected")
    because = f"what call {call.index} gives is not finite, although all numbers in its circuit are"
    if never:
        because = f"what is postselected never happens at call {call.index}: {DIVIDED_BY_ZERO}"
    remedy = f"start where it may happen: {START_OFF}" if never else "numbers off that point"
    yield remark_of(call, replace(NOT_A_NUMBER.diagnosis(Confidence.LIKELY, because, remedy=remedy), fileable=not never))


# --- made on the way from the arguments to the circuit -----------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """The first parameter of a circuit that is not finite: its position, its operation, the rows concerned, and whether it has rows."""

    position: int
    operation: str
    number: int
    wires: tuple[object, ...]
    rows: tuple[int, ...]
    batched: bool

    def __str__(self) -> str:
        return f"{self.operation} (operation {self.number})"


def first_spot(circuit: Circuit, rows: int) -> Optional[Spot]:
    """The first parameter that is not finite.

    Parameters
    ----------
    circuit
        The circuit.
    rows
        How many rows the call's batch has, 0 where that is not known: a parameter whose first axis is as long carries the batch.
    """
    position = 0
    for number, top in enumerate(circuit.nodes):
        own = parameters_of(top)
        for parameter in own:
            finite = np.isfinite(parameter.value) if parameter.value.dtype.kind in "fc" else np.ones(parameter.value.shape, bool)
            if not finite.all():
                batched = rows > 1 and finite.ndim > 0 and len(finite) == rows
                lost = tuple(map(int, np.flatnonzero(~finite.reshape(rows, -1).all(axis=1)))) if batched else ()
                return Spot(position, _names_inside(top), number, top.wires, lost, batched)
            position += 1
    return None


def _names_inside(node: object) -> str:
    return next(iter(nodes_of(node))).name  # type: ignore[arg-type]


def _made(history: History, call: Call, seen: NotFinite) -> Remark:
    """The quantum function, or an operation in it, made what is not finite of numbers that are."""
    rows = max((_rows_of(one) for one in seen.given), default=0)
    spot = first_spot(call.circuit, rows) or first_spot(call.circuit, 0)
    assert spot is not None, "the circuit is not finite"
    zero = next((one for one in seen.given if one.zero and (not spot.batched or {*spot.rows} <= {*one.zero})), None)
    evidence = tuple(_replacements(history, call, spot))
    proven = len(evidence) > 1 and all(one.holds for one in evidence)
    normalised = zero is not None and spot.operation in STATE_DATA
    because = _why_zero(zero, spot) if zero is not None and normalised else _why_made(call, spot)
    remedy = (
        "give such a row another value before it is normalised (a small constant, or a padding value), or leave it out"
        if normalised
        else "keep what the quantum function computes from its arguments inside the range where it is defined"
    )
    confidence = Confidence.CONFIRMED if proven else Confidence.LIKELY
    diagnosis = NOT_A_NUMBER.diagnosis(confidence, because, remedy=remedy, evidence=evidence)
    return remark_of(call, replace(diagnosis, blamed=str(spot)), Verdict.ERROR if proven else Verdict.REMARK)


def _rows_of(given: GivenNumbers) -> int:
    """How many rows an argument has; 0 for a vector or a single number."""
    return next(iter(given.shape)) if len(given.shape) > 1 else 0


def _why_zero(zero: GivenNumbers, spot: Spot) -> str:
    which = f"{_row_words(spot.rows or zero.zero)} of `{zero.name}`" if len(zero.shape) > 1 else f"`{zero.name}`"
    verb = "are" if len(spot.rows or zero.zero) > 1 else "is"
    return f"{which} {verb} all zero, and {spot.operation} divides by the norm: 0/0, under every method and on every device"


def _why_made(call: Call, spot: Spot) -> str:
    where = f" in {_row_words(spot.rows)}" if spot.rows else ""
    wires = ", ".join(map(str, spot.wires))
    return (
        f"the number that {spot.operation} on {'wires' if len(spot.wires) > 1 else 'wire'} {wires} is given is not finite{where} "
        f"at call {call.index}, although every argument of the QNode is: what is worked out between them is 0/0, the logarithm of "
        "zero, the root of a negative number or the like"
    )


def _row_words(rows: Sequence[int]) -> str:
    if len(rows) > 4:
        return f"rows {', '.join(map(str, rows[:3]))}, … ({len(rows)} in all)"
    return f"row {rows[0]}" if len(rows) == 1 else f"rows {', '.join(map(str, rows[:-1]))} and {rows[-1]}"


def _replacements(history: History, call: Call, spot: Spot) -> Iterator[Evidence]:
    """The same call with numbers in place of what is not finite, and with as much of something else replaced."""
    circuit, parameters = call.circuit, list(call.circuit.parameters)
    healed = _with_numbers(parameters[spot.position], spot)
    mended = with_parameters(circuit, [*parameters[: spot.position], healed, *parameters[spot.position + 1 :]])
    if not mended.finite:
        return
    what = f"{_row_words(spot.rows)} of {spot.operation}" if spot.rows else f"the number of {spot.operation}"
    found = _outputs_are_finite(history, call, mended)
    if found is not None:
        yield Evidence(f"{what} replaced", None, 0.0 if found else None, Outcome.HEALS, found)
    other = _with_something_else_moved(parameters, spot)
    found = None if other is None else _outputs_are_finite(history, call, with_parameters(circuit, other[1]))
    if other is not None and found is not None:
        yield Evidence(f"{other[0]} replaced", None, 0.0 if found else None, Outcome.PERSISTS, not found)


def _with_numbers(parameter: Parameter, spot: Spot) -> Parameter:
    """The parameter with numbers where it has none: those of another row, or a state where it is one."""
    value = np.array(parameter.value)
    whole = [row for row in range(len(value)) if row not in spot.rows] if spot.batched else []
    if whole:
        value[list(spot.rows)] = value[whole[0]]
    elif spot.operation in STATE_DATA:
        value[...] = 0
        value[..., 0] = 1
    else:
        value[~np.isfinite(value)] = 0.5
    return replace(parameter, value=value)


def _with_something_else_moved(parameters: Sequence[Parameter], spot: Spot) -> Optional[tuple[str, list[Parameter]]]:
    """A neutral change: another row of the same parameter, else the numbers of another one."""
    at = parameters[spot.position]
    whole = [row for row in range(len(at.value)) if row not in spot.rows] if spot.batched else []
    if len(whole) > 1:
        value = np.array(at.value)
        value[whole[1]] = value[whole[0]]
        changed = [replace(p, value=value) if i == spot.position else p for i, p in enumerate(parameters)]
        return f"row {whole[1]} of {spot.operation}", changed
    free = [i for i, p in enumerate(parameters) if p.value.dtype.kind == "f" and not p.value.ndim and np.isfinite(p.value)]
    if not free:
        return None
    moved = replace(parameters[free[-1]], value=np.asarray(parameters[free[-1]].value + 0.3, parameters[free[-1]].value.dtype))
    return "another number", [moved if i == free[-1] else p for i, p in enumerate(parameters)]


def _outputs_are_finite(history: History, call: Call, circuit: Circuit) -> Optional[bool]:
    """Whether the own method gives numbers for a circuit; None where it cannot be evaluated."""
    request = Request.of(circuit, call.method, call.configuration, trusted=history.trusted)
    found = history.evaluator.submit(request).result()
    if found.failure is not None or found.outputs is None:
        return None
    return all(bool(np.isfinite(output).all()) for output in found.outputs)
