"""What other methods than the script's own say of a QNode that cannot be replayed: there nothing but its live probes compares them.

Its own method is held against numerical differentiation before (`probe_findings`). Here are the others, on the same device in the same
process, where nothing is wrong with it: outputs that are not its own, where nobody can say which are right, and slopes that are not
those of its outputs.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Optional

from qdiag.judging.probe_evidence import position_of
from qdiag.judging.probe_findings import STILL, divergence_of, divergences, doubt
from qdiag.judging.probe_gaps import Laws, allowed_difference, allowed_of_outputs, gap_to, laws_of, method_of, resolve_probe, wrong_at
from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence, Evidence, Outcome
from qdiag.model.method import ARBITER
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, Proof


def of_live_call(probe: Probe, call: Call, why: str) -> tuple[Divergence, ...]:
    """What a probe saw of a call that cannot be replayed, beside what it finds wrong anywhere (`probe_findings.divergences`).

    Parameters
    ----------
    probe, call
        What was seen, and where.
    why
        Why nothing but the QNode itself can be asked.
    """
    return of_sampling(probe, call) or of_steps(probe, call) or between_methods(probe, call, why)


def between_methods(probe: Probe, call: Call, why: str) -> tuple[Divergence, ...]:
    """What other methods than the script's own say otherwise of a QNode that cannot be replayed, where nothing is wrong with its own.

    Parameters
    ----------
    probe, call
        What was seen, and where.
    why
        Why nothing but the QNode itself can be asked: then nobody says whose outputs are right.
    """
    if doubt(probe, call) or divergences(probe, call):
        return ()
    probe = resolve_probe(probe, call)
    laws = laws_of(probe, call)
    found = (_other_outputs(probe, call, laws, why), _other_slopes(probe, call, laws))
    return next(((divergence,) for divergence in found if divergence is not None), ())


def of_sampling(probe: Probe, call: Call) -> tuple[Divergence, ...]:
    """That a device samples although no shots were asked for: then nothing of its QNode can be held against anything."""
    if not probe.device.samples:
        return ()
    comparison = Comparison(
        (call.method, call.method),
        Verdict.INCONCLUSIVE,
        Signature.OUTPUT,
        max_abs=probe.plain_gap,
        eps=probe.eps,
        scale=probe.size,
        detail="its device samples although no shots were asked for",
        devices=(probe.device, probe.device),
    )
    return (divergence_of(call, comparison, probe, (), ""),)


def of_steps(probe: Probe, call: Call) -> tuple[Divergence, ...]:
    """A difference quotient of the script's own that is noise, since its device works in single precision and its step is too short.

    It breaks no law, as differences are wrong by construction. That it is the step shows by a larger one, with which it is right.
    """
    if not probe.device.narrow or len(probe.steps) != 2 or any(method.failure for method in (*probe.steps, *probe.methods[:1])):
        return ()
    probe = resolve_probe(probe, call)
    laws, own = laws_of(probe, call), probe.methods[0]
    gaps = [
        (gap_to(own.slopes[position], argument), position)
        for position, argument in enumerate(probe.arguments)
        if argument.smooth and math.isfinite(argument.error)
    ]
    gap, position = max(gaps, default=(0.0, 0))
    if not gaps or gap <= allowed_difference(probe, position, own, laws):
        return ()
    argument = probe.arguments[position]
    larger, _ = (gap_to(method.slopes[position], argument) for method in probe.steps)
    if not larger <= STILL * gap:
        return ()
    comparison = replace(
        _comparison(call, probe, own, Signature.VJP, gap, argument.scale),
        methods=(call.method, ARBITER),
        bound=allowed_difference(probe, position, own, laws),
        element=Element(Kind.ARGUMENT, by=argument.name, at=(position,)),
        values=(own.slopes[position], argument.numerical),
    )
    judged = f"the QNode itself, differentiated numerically along {argument.name}, gives {_numerical(argument)}"
    return (replace(divergence_of(call, comparison, probe, [own], judged), proof=Proof.LARGER_STEP),)


def _numerical(argument: ProbedArgument) -> str:
    return f"{argument.numerical:.6g} ± {argument.error:.1g}"


def _other_outputs(probe: Probe, call: Call, laws: Laws, why: str) -> Optional[Divergence]:
    gaps = [(method.apart, method) for method in probe.methods[1:] if method.apart is not None]
    found = [(gap, method) for gap, method in gaps if not gap <= _allowed_apart(probe, method, laws)]
    if not found:
        return None
    gap, other = max(found, key=lambda one: (math.isnan(one[0]), one[0]))
    comparison = replace(
        _comparison(call, probe, other, Signature.OUTPUT, gap, probe.size),
        bound=_allowed_apart(probe, other, laws),
        detail=f"the QNode itself gives other results under {other.diff_method}",
    )
    judged = f"which one is wrong is not known, since nothing else can simulate it ({why})"
    return replace(divergence_of(call, comparison, probe, (), judged), upheld=True)


def _allowed_apart(probe: Probe, method: ProbedMethod, laws: Laws) -> float:
    """By how much the outputs of another method may differ: by what both of them leave out."""
    return allowed_of_outputs(probe, laws) + laws[method.diff_method].from_exact(probe.size, gradient=False)


def _other_slopes(probe: Probe, call: Call, laws: Laws) -> Optional[Divergence]:
    gaps = [
        (abs(method.slopes[position] - probe.arguments[position].numerical), position, method)
        for position in range(len(probe.arguments))
        for method in wrong_at(probe, position, laws)
    ]
    if not gaps:
        return None
    gap, position, other = max(gaps, key=lambda found: (math.isnan(found[0]), found[0]))
    argument, slope = probe.arguments[position], other.slopes[position]
    comparison = replace(
        _comparison(call, probe, other, Signature.VJP if math.isfinite(slope) else Signature.NAN, gap, argument.scale),
        bound=allowed_difference(probe, position, other, laws),
        element=Element(Kind.ARGUMENT, by=argument.name, at=(position,)),
        values=(argument.numerical, slope if math.isfinite(slope) else None),
    )
    judged = f"the QNode itself, differentiated numerically along {argument.name}, gives {_numerical(argument)}"
    return replace(divergence_of(call, comparison, probe, [other], judged), upheld=True)


def _comparison(call: Call, probe: Probe, other: ProbedMethod, where: Signature, gap: float, scale: float) -> Comparison:
    """The script's own method and another one, an error of this size apart at a tensor of this scale."""
    pair, size = (call.method, method_of(call, probe, other)), gap if math.isfinite(gap) else math.inf
    relative = size / scale if scale else math.inf
    return Comparison(pair, Verdict.ERROR, where, max_abs=size, max_rel=relative, ulps=relative / probe.eps, eps=probe.eps, scale=scale)


def compared_methods(probe: Probe) -> tuple[str, ...]:
    """The methods beside the script's own that were compared with it at a probe: those that gave outputs and slopes."""
    return tuple(method.diff_method for method in probe.methods[1:] if not method.failure and method.slopes)


def right_beside(divergence: Divergence) -> tuple[Evidence, ...]:
    """The methods, the script's own among them, by which a device gives the slope that another method has wrong."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return ()
    argument, before, limit = divergence.probe.arguments[position], divergence.comparison.max_abs, divergence.comparison.bound
    own = replace(divergence.probe.methods[0], diff_method=divergence.call.configuration.resolved)
    answered = [(m, gap_to(m.slopes[position], argument)) for m in (own, *divergence.probe.methods[1:]) if not m.failure]
    return tuple(
        Evidence(f"differentiated by {method.diff_method}", before, after, Outcome.HEALS, True)
        for method, after in answered
        if after <= limit
    )
