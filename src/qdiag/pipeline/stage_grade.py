"""What an error is worth to this script: one of a method that it neither uses nor was asked about is remarked, and no error of the run.

The script's own results must be upheld for that: where the arbiter cannot say that they are right, an error stays one. What a device
gives that is installed under no name, but is a class that its author alone knows, may be meant to be other than ideal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from qdiag.model.call import Configuration
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Divergence, Finding
from qdiag.model.method import Method
from qdiag.pipeline.run_options import Options

Place = tuple[str, str]
"""A QNode: its name, and where it is defined."""

Used = Mapping[Place, frozenset[tuple[str, str]]]
"""The devices and differentiation methods that a script uses at each of its QNodes."""


def methods_used(configurations: Iterable[Configuration]) -> Used:
    """What a script uses, from the configurations of its calls."""
    found: dict[Place, set[tuple[str, str]]] = {}
    for configuration in configurations:
        found.setdefault(configuration.place, set()).add(_route(configuration.method))
    return {place: frozenset(routes) for place, routes in found.items()}


def grade_finding(finding: Finding, used: Used, options: Options) -> Finding:
    """The finding, remarked where it concerns only methods that nobody uses or asked for; all else in it stays as it is.

    Parameters
    ----------
    finding
        Of any verdict.
    used
        What the script uses.
    options
        What the user asked for.
    """
    divergence, everywhere = finding.divergence, (finding.divergence, *finding.elsewhere)
    if divergence.verdict is Verdict.ERROR and divergence.may_be_meant:
        return _as_meant(finding)
    concerns = any(_concerns_the_script(one, used, options) and not one.untaken for one in everywhere)
    if divergence.verdict is not Verdict.ERROR or concerns:
        return finding
    return replace(finding, divergence=_remarked(divergence))


def _remarked(divergence: Divergence) -> Divergence:
    return replace(divergence, comparison=replace(divergence.comparison, verdict=Verdict.REMARK))


def _as_meant(finding: Finding) -> Finding:
    device = finding.divergence.call.method.device
    because = f"{device} gives other results than an ideal device: what its class is to compute, it alone says"
    remedy = f"correct {device} where it is meant to be ideal; noise, or a readout of its own, may be what it is for"
    diagnosis = replace(finding.diagnosis, because=because, remedy=remedy, fileable=False)
    return replace(finding, divergence=replace(_remarked(finding.divergence), wrong=()), diagnosis=diagnosis, promise=None)


def _concerns_the_script(divergence: Divergence, used: Used, options: Options) -> bool:
    if not divergence.upheld:
        return True
    own = divergence.call.method
    if any(method in (own, divergence.call.method_as_it_ran) for method, _ in divergence.raised):
        # the script has met it, whatever a replay on a device with another wire comes to
        return True
    others = divergence.wrong or tuple(method for method in divergence.comparison.methods if method != own)
    routes = used.get(divergence.place, frozenset())
    return any(_route(method) in routes or options.asks_for(method, own) for method in others)


def _route(method: Method) -> tuple[str, str]:
    return method.device, method.diff_method
