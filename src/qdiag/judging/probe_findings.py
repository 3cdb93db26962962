"""What live probes say: which methods are wrong about which of a QNode's own arguments, whatever the circuit's replay came to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Optional

import numpy as np

from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence, Evidence, Outcome
from qdiag.model.method import ARBITER, PLAIN, Method
from qdiag.model.numerics.rounding import EPS64, Law
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, Proof

APPROXIMATE = frozenset({"finite-diff", "spsa"})
"""Methods that differ from any derivative by construction: wrong here only where they say exactly zero."""

MOVES = 1e-6
"""The circuit's parameters move with an argument if their slope along it is larger. What does not depend on it comes out the same to
the bit, and what moves at all has slopes of about one."""

TELLING = 1e-2
"""Of a circuit's gap: slopes that may be off by more than this part of it do not say that it is not there."""

Laws = Mapping[str, Law]
"""The law of each probed method, by its ``diff_method``."""


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


def gives_two_results(probe: Probe, laws: Laws) -> bool:
    """Whether one circuit gives something else on plain numbers: which is right its replay says, and no slope on plain ones."""
    return probe.same_circuit and probe.plain_gap > allowed_of_outputs(probe, laws)


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
        if _is_off(probe, position, probe.methods[0], laws):
            # no law is broken by a difference quotient that is noise, and nothing speaks for it
            said, found = f"{probe.methods[0].slopes[position]:.6g}", f"{argument.numerical:.6g}"
            return f"{probe.methods[0].diff_method} gives the slope {said} along {argument.name}, numerical differentiation {found}"
    return ""


def resolve_probe(probe: Probe, call: Call) -> Probe:
    """The probe with what only the call's configuration knows: which method ``best`` is, and the device's own precision."""
    configuration = call.configuration
    own = replace(probe.methods[0], diff_method=configuration.resolved)
    narrow = float(np.finfo(np.float32).eps) if configuration.device_precision == "complex64" else 0.0
    return replace(probe, methods=(own, *probe.methods[1:]), eps=max(probe.eps, narrow))


def laws_of(probe: Probe, call: Call) -> Laws:
    """How far each of the probed methods may be off: by the code around the circuit, too, which no replay evaluates."""
    told = {m.diff_method: Evaluation(method_of(call, probe, m), differenced=probe.differenced) for m in probe.methods}
    return {name: Law.of(call.circuit, (evaluation,)).around(probe.eps) for name, evaluation in told.items()}


def wrong_at(probe: Probe, position: int, laws: Laws) -> tuple[ProbedMethod, ...]:
    """The methods that are wrong about one argument; none where the numerical slope is not known."""
    argument = probe.arguments[position]
    if not argument.smooth or not math.isfinite(argument.error):
        return ()
    answered = [method for method in probe.methods if not method.failure and position < len(method.slopes)]
    apart = [m for m in answered if _is_off(probe, position, m, laws)]
    return tuple(m for m in apart if m.diff_method not in APPROXIMATE or _is_zero_for_a_reason(probe, position, m))


def _is_zero_for_a_reason(probe: Probe, position: int, method: ProbedMethod) -> bool:
    """Whether a difference quotient is exactly zero, and not because its step is lost beside a number of single precision."""
    return method.slopes[position] == 0 and (probe.eps <= EPS64 or not probe.arguments[position].followed)


def takes_other_directions(probe: Probe, call: Call, diff_method: str, gap: float) -> bool:
    """Whether a method's slopes of the QNode are right along all its arguments, where its slopes of the circuit are off by a gap.

    Then what is off are derivatives in directions in which no argument moves the circuit: a matrix has more entries than angles that it
    is worked out from.

    Parameters
    ----------
    probe, call
        What was seen, and where.
    diff_method
        The method that is off: the script's own, or another one that was probed.
    gap
        How far it is off.
    """
    if not (probe.methods and probe.arguments and probe.repeatable and probe.closed):
        return False
    probe = resolve_probe(probe, call)
    method = next((one for one in probe.methods if one.diff_method == diff_method and not one.failure), None)
    if method is None or len(method.slopes) != len(probe.arguments):
        return False
    laws = laws_of(probe, call)
    return all(
        argument.smooth
        # also of a method that differs by construction: what is off by more than rounding is no proof of anything
        and not _is_off(probe, position, method, laws)
        and allowed_difference(probe, position, method, laws) < TELLING * gap
        for position, argument in enumerate(probe.arguments)
    )


class ProbesWord(NamedTuple):
    """Which methods a probe finds wrong, in words by what, and whether the script's own is right along all its arguments."""

    wrong: tuple[Method, ...]
    judged: str
    upheld: bool


def word_on(probe: Probe, call: Call, other: Method) -> Optional[ProbesWord]:
    """Who of two methods is wrong, where the QNode's own numerical slopes tell them apart: they need no simulation of the circuit.

    Parameters
    ----------
    probe, call
        What was seen, and where.
    other
        The method that the script's own is apart from.
    """
    if not (probe.methods and probe.arguments and probe.repeatable) or probe.device.samples:
        return None
    probe = resolve_probe(probe, call)
    laws, own = laws_of(probe, call), probe.methods[0]
    beside = next((m for m in probe.methods[1:] if not m.failure and method_of(call, probe, m) == other), None)
    if own.failure or gives_two_results(probe, laws):
        return None
    for position, argument in enumerate(probe.arguments):
        wrong = wrong_at(probe, position, laws)
        if not _tells_apart(argument, own, own in wrong, position, None if beside is None else beside in wrong):
            continue
        slope = f"{argument.numerical:.6g} ± {argument.error:.1g}"
        said = ", ".join(f"{one.diff_method} {one.slopes[position]:.6g}" for one in (own, beside) if one is not None)
        judged = f"the QNode itself, differentiated numerically along {argument.name}, gives {slope}; {said}"
        methods = tuple(dict.fromkeys(method_of(call, probe, method) for method in wrong))
        return ProbesWord(methods, judged, own not in wrong and not doubt(probe, call))
    return None


def _tells_apart(argument: ProbedArgument, own: ProbedMethod, is_off: bool, position: int, beside: Optional[bool]) -> bool:
    """Whether an argument says which of two methods is off: of the other one whether it is, or None where it was not probed.

    Then the script's own may be off for a graph that is cut on the way to the circuit, which is nothing in which methods differ.
    """
    if beside is not None:
        return is_off is not beside
    return is_off and argument.followed and own.slopes[position] != 0


def _is_off(probe: Probe, position: int, method: ProbedMethod, laws: Laws) -> bool:
    """Whether a method's slope is further from the numerical one than a healthy one may be; what is no number is."""
    gap = abs(method.slopes[position] - probe.arguments[position].numerical)
    return not gap <= allowed_difference(probe, position, method, laws)


def allowed_difference(probe: Probe, position: int, method: ProbedMethod, laws: Laws) -> float:
    """By how much a healthy slope may differ from the numerical one."""
    argument, slope = probe.arguments[position], method.slopes[position]
    size = argument.scale * probe.size + abs(argument.numerical) + (abs(slope) if math.isfinite(slope) else 0.0)
    return argument.error + laws[method.diff_method].from_exact(size, gradient=True)


def allowed_of_outputs(probe: Probe, laws: Laws) -> float:
    """By how much the outputs of two healthy evaluations may differ."""
    return laws[probe.methods[0].diff_method].from_exact(probe.size, gradient=False)


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


def gap_to(slope: float, argument: ProbedArgument) -> float:
    """How far a slope is from the numerical one; what is no number is further than any."""
    return abs(slope - argument.numerical) if math.isfinite(slope) else math.inf


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


def method_of(call: Call, probe: Probe, method: ProbedMethod) -> Method:
    """The method that was probed: on the very device of the call, so with its options."""
    own = call.method
    return own if method is probe.methods[0] else replace(own, diff_method=method.diff_method, gradient_options=())


def evidence(divergence: Divergence) -> tuple[Evidence, ...]:
    """The experiments that a probe has made, as a diagnosis shows them."""
    probe = divergence.probe
    if probe is None:
        return ()
    if divergence.proof is Proof.MIXED_ROWS:
        batch = probe.batch
        row, result = (probe.rows - 1, 0) if batch is None else (batch.row, batch.result)
        return (Evidence(f"another row {row}", 0.0, probe.mixing, Outcome.MOVES, True, f"result {result}"),)
    position = position_of(divergence)
    if position is None:
        return ()
    argument = probe.arguments[position]
    before, limit = divergence.comparison.max_abs, divergence.comparison.bound
    found = [
        Evidence(f"differentiated by {method.diff_method}", before, gap, Outcome.PERSISTS, gap > limit)
        for method in probe.methods[1:]
        if not method.failure
        for gap in [gap_to(method.slopes[position], argument)]
    ]
    if divergence.proof is Proof.TRANSFORMS and probe.untransformed is not None:
        after = gap_to(probe.untransformed.slopes[position], argument)
        return (Evidence("transforms removed", before, after, Outcome.HEALS, True), *found)
    if divergence.proof is Proof.LARGER_STEP:
        larger, twice = (gap_to(method.slopes[position], argument) for method in probe.steps)
        return (
            Evidence("finite-difference step 0.1, order 4", before, larger, Outcome.HEALS, True),
            Evidence("finite-difference step 2e-7", before, twice, Outcome.PERSISTS, twice > limit),
            *found,
        )
    if argument.aside is not None:
        words = "there the circuit has the operations that are left out here" if argument.restructured else ""
        moved = Evidence(f"{argument.name} moved off this point", before, argument.aside, Outcome.HEALS, argument.aside <= limit, words)
        return (moved, *found)
    if argument.mended is not None:
        words = f"numbers in the circuit move with {argument.name}, and no graph leads from them back to it"
        holds = argument.mended <= limit
        put_back = Evidence("their share of the gradient put back", before, argument.mended, Outcome.HEALS, holds, words)
        return (put_back, *found)
    if is_cut_before_the_circuit(divergence):
        words = f"the circuit's parameters move with {argument.name}, and no graph leads from them back to it"
        found.insert(0, Evidence("from the circuit's parameters back to the argument", before, before, Outcome.PERSISTS, True, words))
    return tuple(found)


def is_right_elsewhere(divergence: Divergence) -> bool:
    """Whether another method that was probed gets the gradient that this one has wrong: then it does reach the circuit."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return False
    argument, limit = divergence.probe.arguments[position], divergence.comparison.bound
    return any(not m.failure and gap_to(m.slopes[position], argument) <= limit for m in divergence.probe.methods[1:])


def right_on_the_same_device(divergence: Divergence) -> tuple[Evidence, ...]:
    """The methods by which the same device gives the slope that the script's own method has wrong."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return ()
    argument, before, limit = divergence.probe.arguments[position], divergence.comparison.max_abs, divergence.comparison.bound
    answered = [(m, gap_to(m.slopes[position], argument)) for m in divergence.probe.methods[1:] if not m.failure]
    return tuple(
        Evidence(f"differentiated by {method.diff_method}", before, after, Outcome.HEALS, True)
        for method, after in answered
        if after <= limit
    )


def is_proven(divergence: Divergence) -> bool:
    """Whether what the probe saw leaves no other explanation.

    That is: mixed rows, a graph that ends before the circuit, transforms without which the gradient is right, or a point beside
    which it is.
    """
    return divergence.proof is not Proof.NONE or is_cut_before_the_circuit(divergence)


def is_cut_before_the_circuit(divergence: Divergence) -> bool:
    """Whether the graph is seen to end between the argument and the circuit's own parameters."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return False
    argument = divergence.probe.arguments[position]
    if argument.restructured:
        return False
    if argument.mended is not None:
        return argument.mended <= divergence.comparison.bound
    return argument.moves > MOVES and not argument.followed and divergence.comparison.values[0] == 0


def position_of(divergence: Divergence) -> Optional[int]:
    """Which of the probe's arguments it is about; None where it is about outputs."""
    element = divergence.comparison.element
    return element.at[0] if element is not None and element.kind is Kind.ARGUMENT else None
