"""What live probes say: which methods are wrong about which of a QNode's own arguments, whatever the circuit's replay came to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from qdiag.judging.probe_gaps import (
    Laws,
    allowed_difference,
    allowed_of_outputs,
    gap_to,
    gives_two_results,
    is_off,
    laws_of,
    method_of,
    resolve_probe,
    wrong_at,
)
from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER, PLAIN, Method
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, Proof


def divergences(probe: Probe, call: Call) -> tuple[Divergence, ...]:
    """What one probe found wrong: mixed rows first, then outputs, then the argument with the largest gap.

    Parameters
    ----------
    probe
        What was seen.
    call
        The call at which it was.
    """
    if not probe.repeatable or not probe.methods or probe.device.samples:
        return ()
    probe = resolve_probe(probe, call)
    laws = laws_of(probe, call)
    if gives_two_results(probe, laws):
        return ()
    found = (_mixing(probe, call, laws), _outputs(probe, call, laws), _slopes(probe, call, laws))
    return next(((divergence,) for divergence in found if divergence is not None), ())


NUMERICAL = 1e-3
"""A numerical slope upholds a method where its error bar is no larger than this part of what the slope could be."""


def doubt(probe: Probe, call: Call) -> str:
    """Why a probe does not uphold the script's own method at its call, in words; "" where it does, or has found it wrong.

    Parameters
    ----------
    probe, call
        What was seen, and where.
    """
    if probe.device.samples:
        return "its device samples although no shots were asked for"
    if not probe.repeatable:
        return "its results change from one evaluation to the next"
    if not probe.methods or not probe.arguments:
        return probe.note or "nothing is differentiated there, and outputs are held against nothing"
    if divergences(probe, call):
        return ""
    probe = resolve_probe(probe, call)
    laws = laws_of(probe, call)
    if gives_two_results(probe, laws):
        return f"on plain numbers the same circuit gives another result, by {probe.plain_gap:.2g}, and nobody knows which is right"
    if probe.again is not None and not probe.again <= allowed_of_outputs(probe, laws):
        return f"evaluated again in a copy of the process, it gives other results than the script got, by {probe.again:.2g}"
    if probe.methods[0].failure:
        return f"its own method gives no gradient in a copy of the process ({probe.methods[0].failure})"
    for position, argument in enumerate(probe.arguments):
        coarse = NUMERICAL * max(argument.scale * probe.size, abs(argument.numerical))
        if not argument.smooth or not allowed_difference(probe, position, probe.methods[0], laws) <= coarse:
            return f"numerical differentiation along {argument.name} gives no slope that is sharp enough"
        if is_off(probe, position, probe.methods[0], laws):
            # no law is broken by a difference quotient that is noise, and nothing speaks for it
            said, found = f"{probe.methods[0].slopes[position]:.6g}", f"{argument.numerical:.6g}"
            return f"{probe.methods[0].diff_method} gives the slope {said} along {argument.name}, numerical differentiation {found}"
    return ""


def _slopes(probe: Probe, call: Call, laws: Laws) -> Optional[Divergence]:
    gaps: list[tuple[float, int]] = []
    for position in range(len(probe.arguments)):
        if probe.methods[0] in wrong_at(probe, position, laws):
            gaps.append((abs(probe.methods[0].slopes[position] - probe.arguments[position].numerical), position))
    if not gaps:
        return None
    position = max(gaps, key=lambda gap: (math.isnan(gap[0]), gap))[1]
    argument, own = probe.arguments[position], probe.methods[0].slopes[position]
    wrong = wrong_at(probe, position, laws)
    gap, limit = gap_to(own, argument), allowed_difference(probe, position, probe.methods[0], laws)
    proof = _proof(probe, position, limit, laws)
    comparison = Comparison(
        _pair(call),
        Verdict.ERROR,
        Signature.VJP if math.isfinite(own) else Signature.NAN,
        element=Element(Kind.ARGUMENT, by=argument.name, at=(position,)),
        values=(own if math.isfinite(own) else None, argument.numerical),
        max_abs=gap,
        max_rel=gap / max(abs(argument.numerical), argument.scale * probe.eps),
        ulps=gap / (probe.eps * argument.scale),
        eps=probe.eps,
        bound=limit,
        scale=argument.scale,
        detail=_how(argument, own, proof),
    )
    slope = f"{argument.numerical:.6g} ± {argument.error:.1g}"
    judged = f"the QNode itself, differentiated numerically along {argument.name}, gives {slope}"
    if proof in (Proof.STRUCTURE, Proof.POINT):
        judged += f"; {proof.value}"
    return replace(divergence_of(call, comparison, probe, wrong, judged), proof=proof)


STILL = 0.1
"""Of the gap of a difference quotient: with a larger step no more than this may be left, if the step is to blame."""


def _proof(probe: Probe, position: int, limit: float, laws: Laws) -> Proof:
    """What leaves one explanation for a wrong slope: transforms come first, a special point after them."""
    argument, bare = probe.arguments[position], probe.untransformed
    if bare is not None and not bare.failure:
        same = replace(bare, diff_method=probe.methods[0].diff_method)
        if gap_to(bare.slopes[position], argument) <= allowed_difference(probe, position, same, laws):
            return Proof.TRANSFORMS
    if argument.aside is not None and argument.aside <= limit:
        return Proof.STRUCTURE if argument.restructured else Proof.POINT
    if len(probe.steps) == 2 and not any(method.failure for method in probe.steps):
        own, larger, twice = (gap_to(method.slopes[position], argument) for method in (probe.methods[0], *probe.steps))
        return Proof.LARGER_STEP if larger <= STILL * own and twice > limit else Proof.NONE
    return Proof.NONE


def _how(argument: ProbedArgument, own: float, proof: Proof) -> str:
    words = "exactly zero" if own == 0 else "not a number" if not math.isfinite(own) else ""
    found = f"the result moves with {argument.name}, and its gradient is {words}" if words else ""
    if proof is not Proof.TRANSFORMS:
        return found
    return f"{found}; {proof.value}" if found else f"the QNode has transforms, and {proof.value}"


def _mixing(probe: Probe, call: Call, laws: Laws) -> Optional[Divergence]:
    limit = allowed_of_outputs(probe, laws)
    if probe.mixing is None or probe.mixing <= limit:
        return None
    comparison = Comparison(
        _pair(call),
        Verdict.ERROR,
        Signature.OUTPUT,
        element=Element(Kind.OUTPUT, index=(0 if probe.batch is None else probe.batch.result,)),
        max_abs=probe.mixing,
        max_rel=probe.mixing / probe.size,
        ulps=probe.mixing / (probe.eps * probe.size),
        eps=probe.eps,
        bound=limit,
        scale=probe.size,
        detail=f"{Proof.MIXED_ROWS.value}: {rows_moved(probe)}",
    )
    answered = tuple(method for method in probe.methods if not method.failure)
    found = divergence_of(call, comparison, probe, answered, "the QNode itself was evaluated with other rows")
    return replace(found, proof=Proof.MIXED_ROWS)


def rows_moved(probe: Probe) -> str:
    """What was seen of rows that are mixed, in words."""
    batch = probe.batch
    if batch is None:
        return f"another last row of the batch of {probe.rows} changes the first row's result"
    if batch.results == probe.rows:
        return f"another row {batch.row} of the batch of {probe.rows} changes the result of row {batch.result}"
    came = "one single result" if batch.results == 0 else f"{batch.results} result{'s' * (batch.results > 1)}"
    idle = f", and {batch.unused} of {batch.tried} rows change nothing" if batch.unused else ""
    moved = f"another row {batch.row} changes result {batch.result}"
    return f"{probe.rows} rows of {batch.argument} went in and {came} came out; {moved}{idle}"


def _outputs(probe: Probe, call: Call, laws: Laws) -> Optional[Divergence]:
    limit = allowed_of_outputs(probe, laws)
    if probe.plain_gap <= limit:
        return None
    comparison = Comparison(
        (call.method, PLAIN.beside(call.method)),
        Verdict.ERROR,
        Signature.OUTPUT,
        element=Element(Kind.TRACKED),
        max_abs=probe.plain_gap,
        max_rel=probe.plain_gap / probe.size,
        ulps=probe.plain_gap / (probe.eps * probe.size),
        eps=probe.eps,
        bound=limit,
        scale=probe.size,
        detail="the QNode gives another result when its arguments are plain numbers",
    )
    return divergence_of(call, comparison, probe, probe.methods[:1], "the QNode itself was evaluated on plain numbers")


def _pair(call: Call) -> tuple[Method, Method]:
    return call.method, ARBITER


def divergence_of(
    call: Call, comparison: Comparison, probe: Probe, wrong: Sequence[ProbedMethod], judged: str
) -> Divergence:
    """The divergence of a comparison that a probe made at its call: with the methods that are wrong, and in words by what."""
    return Divergence(
        call,
        comparison,
        tuple(dict.fromkeys(method_of(call, probe, method) for method in wrong)),
        judged,
        worst_call=call.index,
        calls=(call.index,),
        probe=probe,
    )
