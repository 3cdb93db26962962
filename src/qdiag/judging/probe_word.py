"""A live probe's word on methods that a replay has found apart: who is wrong, and whether anything moves the circuit that way."""

from __future__ import annotations

from typing import NamedTuple, Optional

from qdiag.judging.probe_findings import doubt
from qdiag.judging.probe_gaps import (
    allowed_difference,
    gives_two_results,
    is_off,
    laws_of,
    method_of,
    resolve_probe,
    wrong_at,
)
from qdiag.model.call import Call
from qdiag.model.method import Method
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod

TELLING = 1e-2
"""Of a circuit's gap: slopes that may be off by more than this part of it do not say that it is not there."""


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
        and not is_off(probe, position, method, laws)
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
