"""Who is wrong: each method held against a reference that shares no gradient rule with any of them. Votes do not count.

A method is wrong where its distance from the reference is more than the reference's error bar and the method's own rounding explain,
where it has no number and the reference has one, or where its output is nothing that physics allows. Where the reference cannot be
made, the arbitration says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Optional, Union

import numpy as np

from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.arbiter.method_verdicts import (
    Cotangents,
    Gap,
    MethodVerdict,
    coordinates_first_of,
    coordinates_of,
    gap_verdict,
    largest,
    verdicts,
    weights_of,
)
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.judging.arbiter.second_derivative import SecondDerivative, second_derivative_of
from qdiag.judging.comparison.compare import comparisons
from qdiag.judging.comparison.ill_conditioning import perturbed_circuits
from qdiag.judging.told_options import moved_by_options, telling_options, with_and_without, words_of
from qdiag.model.call import Configuration, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Kind
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import FoundWrong
from qdiag.model.method import ARBITER, PLAIN, Method
from qdiag.model.numerics.rounding import EPS64, Law, eps_of

POINTS = 4
"""At how many points a rounding error away the reference is worked out, at most, before a method of low precision is called wrong."""

NEAR = 4.0
"""A method is off by little where one more point may explain it: of points that are moved by random signs, one in five moves by less
than a quarter of what they move by in the mean."""


@dataclass(frozen=True, eq=False)
class Arbitration:
    """Who is wrong, and by what reference.

    Parameters
    ----------
    reference
        Outputs and slopes with their error bars.
    methods
        One verdict for each evaluation, in order.
    reason
        Which methods are wrong by how much, or in words why none is, or why that cannot be told.
    """

    reference: Reference
    methods: tuple[MethodVerdict, ...] = ()
    reason: Union[FoundWrong, str] = ""
    wrong: tuple[Method, ...] = field(init=False, default=())
    right: tuple[Method, ...] = field(init=False, default=())
    raised: tuple[Method, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        for name in ("wrong", "right", "raised"):
            object.__setattr__(self, name, tuple(m.method for m in self.methods if m.verdict == name))


def in_question(found: Arbitration, circuit: Circuit, comparison: Comparison) -> Arbitration:
    """An arbitration as far as it is about one comparison: a wrong entry blames the methods that are wrong in it, and no others.

    What the first of the pair, the script's own, has wrong elsewhere stays its fault: nothing else may show it.
    """
    element, own = comparison.element, comparison.methods[0]
    if element is None or element.kind not in (Kind.JACOBIAN, Kind.PRODUCT) or not found.reference.full:
        return found
    columns = coordinates_of(circuit, element)

    def is_off_there(verdict: MethodVerdict) -> bool:
        return not verdict.entries or any(column in columns for _, column in verdict.entries)

    if not any(is_off_there(verdict) for verdict in found.methods if verdict.verdict == "wrong"):
        return found
    methods = tuple(
        replace(m, verdict="elsewhere") if m.verdict == "wrong" and m.method != own and not is_off_there(m) else m
        for m in found.methods
    )
    return found if methods == found.methods else Arbitration(found.reference, methods, _reason(found.reference, methods))


def arbitrate(
    circuit: Circuit,
    configuration: Configuration,
    evaluations: Sequence[Evaluation],
    cotangents: Cotangents,
    evaluator: Evaluator,
    *,
    trusted: bool = False,
    seed: int = 0,
    seconds: float = 20.0,
) -> Arbitration:
    """Say which methods are wrong on a circuit.

    Parameters
    ----------
    circuit, configuration
        The call.
    evaluations
        What the methods gave.
    cotangents
        Those of the evaluations' vector-Jacobian products.
    evaluator
        Where the reference is worked out.
    trusted
        Whether source code that the circuit carries may be executed.
    seed
        Of the random direction.
    seconds
        Time for the reference's derivatives.
    """
    hearing = _Hearing(circuit, configuration, evaluations, cotangents, evaluator, trusted, seed, seconds)
    found, judged = hearing.beside_reference()
    if found.outputs is None:
        judged = _beside_plain(judged, circuit, configuration, evaluations, evaluator, trusted)
    judged = hearing.beside_points_nearby(found, judged)
    before = judged
    judged = tuple(_as_told(verdict, circuit, configuration, evaluator, trusted) for verdict in before)
    untold = next((after.detail for one, after in zip(before, judged) if after is not one), "")
    if _contradictory(found) and _wrong(judged):
        # whoever follows the one route is no more right than whoever follows the other is wrong
        decided, doubt = ("wrong", "right"), _contradictory(found)
        judged = tuple(replace(m, verdict="unknown", detail=doubt) if m.verdict in decided else m for m in judged)
    reason = _reason(found, judged)
    if untold and not isinstance(reason, FoundWrong):
        reason = f"cannot tell: {untold}, and our own simulation was not told so"
    return Arbitration(found, judged, reason)


@dataclass(frozen=True, eq=False)
class _Hearing:
    """What `arbitrate` was asked, and the references that methods are held against."""

    circuit: Circuit
    configuration: Configuration
    evaluations: Sequence[Evaluation]
    cotangents: Cotangents
    evaluator: Evaluator
    trusted: bool
    seed: int
    seconds: float

    def beside_reference(self) -> tuple[Reference, tuple[MethodVerdict, ...]]:
        """The reference, as deep as it takes, and every method beside it."""
        found = self._refer(self.circuit, self._depth)
        judged = self._held_against(found)
        if self._depth == "direction" and (found.gradient_reason or _wrong(judged)):
            found = self._refer(self.circuit, "full")
            judged = self._held_against(found)
        return found, judged

    def beside_points_nearby(self, found: Reference, judged: tuple[MethodVerdict, ...]) -> tuple[MethodVerdict, ...]:
        """At an ill-conditioned point a low precision excuses more than the bound knows: as much as the reference itself moves."""
        narrow = {e.method: eps_of(self.circuit, e) for e in self.evaluations if eps_of(self.circuit, e) > EPS64}
        depth = "full" if found.full else self._depth
        moved: list[Reference] = []
        while len(moved) < POINTS and any(m.verdict == "wrong" and m.method in narrow and (not moved or _is_near(m)) for m in judged):
            at = perturbed_circuits(self.circuit, max(narrow.values()), POINTS, self.seed)[len(moved)]
            moved.append(self._refer(at, depth))
            judged = self._held_against(found, moved)
        return judged

    def _refer(self, at: Circuit, depth: str) -> Reference:
        wires, coarsest = self.configuration.device_wires, max((eps_of(self.circuit, e) for e in self.evaluations), default=EPS64)
        asked = self.evaluator.call(
            reference, at, wires, depth, self.trusted, self.seed, self.seconds, coarsest, self._towards or ()
        )
        found: Optional[Reference] = answer_of(asked, None, "the reference")
        return found or Reference(reason=f"the reference was not worked out ({type(asked.exception()).__name__})")

    def _held_against(self, against: Reference, moved: Sequence[Reference] = ()) -> tuple[MethodVerdict, ...]:
        return verdicts(self.circuit, self.evaluations, self.cotangents, against, moved=moved, bend=self._bend)

    @cached_property
    def _depth(self) -> str:
        gradients = any(e.vjps or e.jacobian for e in self.evaluations)
        return "outputs" if not gradients else "full" if self._towards is not None else "direction"

    @cached_property
    def _towards(self) -> Optional[tuple[int, ...]]:
        return _where_apart(self.circuit, self.evaluations, self.cotangents)

    @cached_property
    def _bend(self) -> Optional[SecondDerivative]:
        if not any(e.hvp for e in self.evaluations):
            return None
        return _bend(self.circuit, self.configuration, self.cotangents, self.evaluator, self.trusted, self.seconds)


def _bend(
    circuit: Circuit, configuration: Configuration, cotangents: Cotangents, evaluator: Evaluator, trusted: bool, seconds: float
) -> Optional[SecondDerivative]:
    first = tuple(cotangents[0]) if cotangents else ()
    asked = evaluator.call(second_derivative_of, circuit, first, configuration.device_wires, trusted, seconds)
    found: Optional[SecondDerivative] = answer_of(asked, None, "the reference's second derivative")
    return found


# --- all methods together -----------------------------------------------------------------------------------------------------


def _is_near(verdict: MethodVerdict) -> bool:
    """Whether a method is off by so little more than its bound that another point may explain it, as one alone may hardly move."""
    return bool(verdict.gap <= NEAR * verdict.bound)


def _wrong(judged: Sequence[MethodVerdict]) -> tuple[Method, ...]:
    return tuple(m.method for m in judged if m.verdict == "wrong")


def _where_apart(circuit: Circuit, evaluations: Sequence[Evaluation], cotangents: Cotangents) -> Optional[tuple[int, ...]]:
    """The coordinates by which derivatives of any two methods differ most, by more than rounding; None where none do.

    By the bound that makes it an error of the two: along one direction what all entries may be off adds up, so that one entry that is
    off by little is seen along its own axis alone. So one direction does not tell enough then; and where the time does not suffice for
    every axis, these are the ones that do.
    """
    usable = [e for e in evaluations if e.failure is None and not e.method.stochastic]
    apart = [
        found.element
        for first, second in zip(usable, usable[1:])
        for found in comparisons(first, second, circuit, cotangents=cotangents)
        if found.verdict is Verdict.ERROR and found.element is not None and found.element.kind in (Kind.JACOBIAN, Kind.PRODUCT)
    ]
    return tuple(dict.fromkeys(k for element in apart for k in coordinates_first_of(circuit, element))) if apart else None


def _beside_plain(
    judged: tuple[MethodVerdict, ...],
    circuit: Circuit,
    configuration: Configuration,
    evaluations: Sequence[Evaluation],
    evaluator: Evaluator,
    trusted: bool,
) -> tuple[MethodVerdict, ...]:
    """Where our own simulation cannot speak: outputs of tracked numbers beside those of plain ones, on the same device."""
    if circuit.shots:
        return judged
    after = []
    for verdict, found in zip(judged, evaluations):
        if verdict.verdict != "unknown" or found.outputs is None:
            after.append(verdict)
            continue
        method = replace(found.method, diff_method=PLAIN.diff_method, gradient_options=())
        plain = evaluator.submit(Request.of(circuit, method, configuration, trusted=trusted)).result()
        after.append(_off_plain(verdict, circuit, found, plain))
    return tuple(after)


def _as_told(
    verdict: MethodVerdict, circuit: Circuit, configuration: Configuration, evaluator: Evaluator, trusted: bool
) -> MethodVerdict:
    """A verdict that blames nobody for options that our own simulation was not told, and which move the outputs."""
    if verdict.verdict != "wrong" or not telling_options(verdict.method) or circuit.shots:
        return verdict
    asked = with_and_without(Request.of(circuit, verdict.method, configuration, trusted=trusted), verdict.method)
    told, untold = (future.result() for future in [evaluator.submit(request) for request in asked])
    if not moved_by_options(circuit, told, untold):
        return verdict
    return replace(verdict, verdict="unknown", detail=f"{words_of(verdict.method)} is part of what its device computes")


def _off_plain(verdict: MethodVerdict, circuit: Circuit, found: Evaluation, plain: Evaluation) -> MethodVerdict:
    if plain.outputs is None or plain.failure is not None:
        return verdict
    for theirs, mine in zip(found.outputs or (), plain.outputs):
        one, other = np.asarray(theirs), np.asarray(mine)
        if one.shape != other.shape:
            continue
        scale = max(1.0, largest([other]))
        allowed = np.full(other.shape, 2 * Law.of(circuit, (found,)).from_exact(scale, gradient=False))
        beside = gap_verdict(verdict.method, Gap(Signature.OUTPUT, one, other, allowed))
        if beside.verdict == "wrong":
            return replace(beside, detail=f"{beside.detail}, that is the same call on plain, untracked numbers")
    return verdict


def _contradictory(found: Reference) -> str:
    """The doubt that forbids a judgement, or ""."""
    return next(iter(found.doubts), "")


def _reason(found: Reference, judged: Sequence[MethodVerdict]) -> Union[FoundWrong, str]:
    wrong = [m for m in judged if m.verdict == "wrong"]
    right = [m for m in judged if m.verdict == "right"]
    source = f"our own simulation of the circuit in double precision{', with derivatives of its own' if found.slopes.size else ''}"
    if wrong:
        worst = max(wrong, key=lambda m: m.gap)
        assert worst.where is not None, "what is wrong is wrong in something"
        unanimous = not right and len(wrong) > 1
        methods = tuple(m.method for m in wrong)
        return FoundWrong(methods, worst.method, worst.detail, worst.where, worst.bound, source, unanimous)
    if found.outputs is None:
        return f"cannot tell: {found.reason}"
    if _contradictory(found):
        return f"cannot tell: {_contradictory(found)}"
    if found.gradient_reason:
        return f"the outputs agree with {source}; of the gradients it cannot tell: {found.gradient_reason}"
    return f"every method that gave numbers agrees with {source}" if right else "no method gave numbers"


# --- the reference beside methods ----------------------------------------------------------------------------------------------


def evaluation(
    circuit: Circuit,
    cotangents: Cotangents = (),
    device_wires: Sequence[Any] = (),
    jacobian: bool = True,
    trusted: bool = False,
    seconds: float = 60.0,
) -> Evaluation:
    """The reference in the form of an evaluation, for comparisons that have the arbiter on one side.

    Elements that cannot be judged are NaN; where there is no reference at all, the failure says why.
    """
    found = reference(circuit, device_wires, "full" if jacobian or cotangents else "outputs", trusted, 0, seconds)
    if found.outputs is None:
        return replace(no_evaluation(found.reason), seconds=found.seconds)
    notes = tuple(note for note in (found.gradient_reason, *found.doubts, *found.evidence) if note)
    result = Evaluation(ARBITER, found.outputs, seconds=found.seconds, norms=found.norms, notes=notes)
    if not (jacobian or cotangents) or not found.full:
        return result
    rows = _full_rows(circuit, found)
    starts = np.cumsum([0, *(output.size for output in found.outputs)])
    shapes = [circuit.parameters[i].value.shape for i in circuit.trainable]
    blocks = tuple(
        tuple(part[starts[i] : starts[i + 1]].reshape(output.shape + shape) for part, shape in zip(rows, shapes))
        for i, output in enumerate(found.outputs)
    )
    vjps = tuple(tuple(_product(weights_of(c, found), part, shape) for part, shape in zip(rows, shapes)) for c in cotangents)
    return replace(result, jacobian=blocks if jacobian else None, vjps=vjps)


def no_evaluation(reason: str) -> Evaluation:
    """The reference in the form of an evaluation, where there is none."""
    return Evaluation(ARBITER, failure=Failure("NotSimulated", reason, refusal=True))


def _product(weights: np.ndarray, block: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    product = weights.conj() @ block
    return np.asarray(product if np.iscomplexobj(block) and not np.iscomplexobj(weights) else product.real).reshape(shape)


def _full_rows(circuit: Circuit, found: Reference) -> list[np.ndarray]:
    """For each trainable parameter, slopes of every output element: columns in the parameter's own order."""
    count = found.directions.shape[1]
    slopes = np.full((found.slopes.shape[0], count), np.nan, dtype=np.complex128)
    slopes[:, list(found.axes)] = found.slopes
    slopes[:, list(found.still)] = 0
    real = not any(np.iscomplexobj(output) for output in found.outputs or ())
    rows, start = [], 0
    for parameter in (circuit.parameters[i] for i in circuit.trainable):
        size = parameter.value.size
        block: np.ndarray = slopes[:, start : start + size]
        start += size
        if parameter.value.dtype.kind == "c":
            # the gradient of a real function: slope along the real part, plus i times that along the imaginary part
            block = block + 1j * slopes[:, start : start + size]
            start += size
        elif real:
            block = block.real
        rows.append(block)
    return rows
