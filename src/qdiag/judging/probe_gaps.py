"""The slopes that a live probe has seen: how far each method is from the numerical ones, and how far a healthy one may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from qdiag.model.call import Call
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import EPS64, Law
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod

APPROXIMATE = frozenset({"finite-diff", "spsa"})
"""Methods that differ from any derivative by construction: wrong here only where they say exactly zero."""

Laws = Mapping[str, Law]
"""The law of each probed method, by its ``diff_method``."""


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


def method_of(call: Call, probe: Probe, method: ProbedMethod) -> Method:
    """The method that was probed: on the very device of the call, so with its options."""
    own = call.method
    return own if method is probe.methods[0] else replace(own, diff_method=method.diff_method, gradient_options=())


def gives_two_results(probe: Probe, laws: Laws) -> bool:
    """Whether one circuit gives something else on plain numbers: which is right its replay says, and no slope on plain ones."""
    return probe.same_circuit and probe.plain_gap > allowed_of_outputs(probe, laws)


def wrong_at(probe: Probe, position: int, laws: Laws) -> tuple[ProbedMethod, ...]:
    """The methods that are wrong about one argument; none where the numerical slope is not known."""
    argument = probe.arguments[position]
    if not argument.smooth or not math.isfinite(argument.error):
        return ()
    answered = [method for method in probe.methods if not method.failure and position < len(method.slopes)]
    apart = [m for m in answered if is_off(probe, position, m, laws)]
    return tuple(m for m in apart if m.diff_method not in APPROXIMATE or _is_zero_for_a_reason(probe, position, m))


def _is_zero_for_a_reason(probe: Probe, position: int, method: ProbedMethod) -> bool:
    """Whether a difference quotient is exactly zero, and not because its step is lost beside a number of single precision."""
    return method.slopes[position] == 0 and (probe.eps <= EPS64 or not probe.arguments[position].followed)


def is_off(probe: Probe, position: int, method: ProbedMethod, laws: Laws) -> bool:
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


def gap_to(slope: float, argument: ProbedArgument) -> float:
    """How far a slope is from the numerical one; what is no number is further than any."""
    return abs(slope - argument.numerical) if math.isfinite(slope) else math.inf
