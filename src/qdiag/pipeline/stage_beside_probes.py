"""Divergences beside what live probes saw: the QNode itself, differentiated numerically along the script's own arguments.

A probe tells derivatives that nobody takes from those that the script takes, says who is wrong where the arbiter cannot, and sees what
lies outside of the circuits. It differentiates what the QNode gives: of outputs that are wrong themselves it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Optional

import numpy as np

from qdiag.judging import live_methods, probe_findings, probe_word
from qdiag.judging.comparison.tensor_pairs import Cotangents
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.question import question_of
from qdiag.judging.replay.questions import cotangents_of
from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER, Method
from qdiag.model.result import NotRebuilt
from qdiag.pipeline.stage_context import StageContext, or_what_is_left
from qdiag.trace.keys import circuit_key


def seen_by_probes(trace: JudgedCalls, known: Sequence[Divergence], not_rebuilt: Sequence[NotRebuilt] = ()) -> Iterator[Divergence]:
    """What the live probes saw where the replayed circuits are right; of calls that could not be replayed, also of other methods."""
    missing = {one.call: one.why for one in not_rebuilt}
    others: set[tuple[object, ...]] = set()
    errors = {d.call.configuration.qnode: d for d in _latest_first(known) if is_of_own(d) and not d.may_be_meant}
    rounding = {d.call.configuration.qnode: d.comparison for d in known if d.verdict is Verdict.ROUNDING}
    for probe in trace.probes:
        if probe.marked and not trace.handed:
            # nothing differentiates by what is only marked: its slopes are nobody's
            probe = replace(probe, arguments=())
        call = trace.call(probe.call)
        qnode = call.configuration.qnode
        if _is_of_the_circuit(call, errors.get(qnode)):
            continue
        for divergence in probe_findings.divergences(probe, call):
            if not _is_of_the_point(divergence, rounding.get(qnode)):
                errors[qnode] = divergence
                yield divergence
        for divergence in live_methods.of_live_call(probe, call, missing[call.index]) if call.index in missing else ():
            key = (qnode, divergence.comparison.methods, divergence.signature)
            if key not in others:
                others.add(key)
                yield divergence


def of_other_directions(divergence: Divergence, trace: JudgedCalls, context: StageContext) -> Divergence:
    """A divergence beside the probes, which differentiate what the QNode gives, for one cotangent.

    Of outputs that are wrong they say nothing, nor of derivatives that are not in proportion to what comes back.
    """
    beside = beside_probes(divergence, trace)
    if not beside.untaken or beside.call.circuit.opaque or beside.call.circuit.shots:
        return beside
    told = partial(_is_beyond_probes, beside, context)
    return divergence if or_what_is_left(told, lambda failed: False, "what a probe says of this call") else beside


def _is_beyond_probes(divergence: Divergence, context: StageContext) -> bool:
    call, own = context.with_few_rows(divergence.call), divergence.call.method
    if own in context.arbitrate(call, [own], outputs=True).wrong:
        return True
    off = divergence.wrong or divergence.comparison.methods
    return not all(_is_in_proportion(call, method, context) for method in off if method in divergence.comparison.methods)


SAME_PRODUCT = 1e-3
"""Of the largest number: closer than that a product with a cotangent is that of the Jacobian, in single precision as well."""


def _is_in_proportion(call: Call, method: Method, context: StageContext) -> bool:
    """Whether what a method sends back for the script's cotangents, and for a random one, are products with its own Jacobian."""
    if method == ARBITER or any(map(np.iscomplexobj, (*(call.outputs or ()), *(p.value for p in call.circuit.parameters)))):
        return True
    cotangents = cotangents_of(call, circuit_key(call.circuit))
    question = question_of(
        call, (method, ARBITER), where=Signature.JACOBIAN, trusted=context.trusted, tolerance=context.tolerance
    )
    whole = question.request(0)
    asked = (whole, replace(whole, jacobian=False, cotangents=tuple(map(tuple, cotangents))))
    jacobian, products = (future.result() for future in [context.workers.submit(one) for one in asked])
    return is_in_proportion(jacobian, products, cotangents)


def is_in_proportion(jacobian: Evaluation, products: Evaluation, cotangents: Cotangents) -> bool:
    """Whether products with cotangents are those of a Jacobian; also where either is not known."""
    rows = jacobian.jacobian
    if not rows or jacobian.failure or products.failure or len(products.vjps) != len(cotangents):
        return True
    for cotangent, product in zip(cotangents, products.vjps):
        for position, given in enumerate(product):
            parts = [np.tensordot(c, row[position], np.ndim(c)) for c, row in zip(cotangent, rows) if c is not None]
            expected = np.sum(parts, axis=0)
            scale = max(float(np.max(np.abs(one), initial=0.0)) for one in (*product, expected))
            if np.shape(expected) != np.shape(given) or np.max(np.abs(expected - given), initial=0.0) > SAME_PRODUCT * scale:
                return False
    return True


def beside_probes(divergence: Divergence, trace: JudgedCalls) -> Divergence:
    """A divergence of a circuit's derivatives, beside what the QNode itself says of its own arguments at one of the calls.

    A statement about free entries of a matrix is none about the weights that it is worked out from.
    """
    gradient = divergence.signature in (Signature.JACOBIAN, Signature.VJP)
    if not gradient or divergence.verdict is not Verdict.ERROR or divergence.outside:
        return divergence
    own, other = divergence.comparison.methods
    # where the script's own method is right, the other one of the pair is what is off; either may be, where nobody knows
    off = (other,) if divergence.upheld else (own,) if divergence.wrong else (own, other)
    if any(method.on(own.device).device != own.device for method in off):
        # the probe differentiates on the script's own device
        return divergence
    beside = [probe for probe in trace.probes if probe.call in divergence.calls and not (probe.marked and not trace.handed)]
    gap = divergence.comparison.max_abs
    untaken = any(
        all(probe_word.takes_other_directions(probe, trace.call(probe.call), method.diff_method, gap) for method in off)
        for probe in beside
    )
    return replace(divergence, untaken=True) if untaken else divergence


def with_probes_word(divergence: Divergence, trace: JudgedCalls) -> Divergence:
    """A divergence of which the arbiter cannot tell who is wrong, with what a probe at one of its calls says of the same two methods.

    Our own simulation knows qubits; the numerical slopes of the QNode are those of whatever its device is made of.
    """
    own, other = divergence.comparison.methods
    gradient = divergence.signature in (Signature.JACOBIAN, Signature.VJP) and divergence.verdict is Verdict.ERROR
    open_still = gradient and not (divergence.wrong or divergence.upheld or divergence.untaken or divergence.outside)
    if not open_still or own != divergence.call.method:
        return divergence
    beside = [probe for probe in trace.probes if probe.call in divergence.calls and not (probe.marked and not trace.handed)]
    words = (probe_word.word_on(probe, trace.call(probe.call), other) for probe in beside)
    word = next((word for word in words if word is not None), None)
    if word is None:
        return divergence
    return replace(divergence, wrong=word.wrong, judged=word.judged, upheld=word.upheld)


def is_of_own(divergence: Divergence) -> bool:
    """Whether it is an error that may lie in what the script itself gets: one of other methods, or directions, hides nothing there."""
    return divergence.verdict is Verdict.ERROR and not divergence.upheld and not divergence.untaken


def _latest_first(divergences: Sequence[Divergence]) -> list[Divergence]:
    return sorted(divergences, key=lambda divergence: -divergence.call.index)


def _is_of_the_circuit(call: Call, error: Optional[Divergence]) -> bool:
    """Tells what a probe sees of an error that the circuit itself shows from what lies outside of it: that comes before any such error.

    ``error`` is the earliest one of the QNode.
    """
    return error is not None and call.index >= error.call.index


def _is_of_the_point(divergence: Divergence, rounding: Optional[Comparison]) -> bool:
    """Tells an ill-conditioned point (QD106), at which rounding explains more than a probe knows, from what lies outside."""
    explained = 0.0 if rounding is None else rounding.bound / rounding.scale
    return not divergence.comparison.max_abs > explained * max(1.0, divergence.comparison.scale)
