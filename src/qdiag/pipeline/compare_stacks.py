"""The staircase of ``--compare-with``: the calls of a run replayed on another stack, each held against what this one gives.

The script is not run there, and need not run there: its circuits are asked one by one, at the very points that the run visited, so that
a difference is never inherited from an earlier step.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Protocol

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from qdiag.bisecting.installers import clean_environment
from qdiag.bisecting.layers import CannotInstall, Layer
from qdiag.bridges.releases.table import PACKAGES, needs_with
from qdiag.errors import UsageError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.limits import SECONDS
from qdiag.evaluation.other_stack import OtherStack
from qdiag.judging.differentiated import JudgedCalls
from qdiag.judging.replay.plan import Plan, sampled_calls
from qdiag.judging.replay.questions import cotangents_of, request_of
from qdiag.model.call import Call, Environment
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.two_stacks import Outcome, StackComparison, TwoStacks
from qdiag.pipeline.bisect import World
from qdiag.pipeline.run_options import Voice
from qdiag.pipeline.stage_two_stacks import hold_together
from qdiag.trace.keys import circuit_key
from qdiag.trace.reader import Trace

IN_FLIGHT = 8
"""Calls that are under way at once."""


@dataclass(frozen=True)
class Other:
    """Another stack: a package in another release, beside what else this stack has."""

    package: str
    release: str

    @classmethod
    def from_words(cls, written: str) -> Other:
        """Read what a user writes, as ``pennylane==0.44.1``.

        Raises
        ------
        UsageError
            If it names no single release of a package that can be had.
        """
        try:
            requirement = Requirement(written)
            (only,) = requirement.specifier
        except (InvalidRequirement, ValueError):
            raise UsageError(f"'{written}' is no release of a package", "write pennylane==0.44.1") from None
        if requirement.name not in PACKAGES or only.operator != "==" or "*" in only.version:
            raise UsageError(f"'{written}' is no release of a package", f"write NAME==RELEASE of {', '.join(PACKAGES)}")
        return cls(requirement.name, str(Version(only.version)))

    def __str__(self) -> str:
        return f"{self.package} {self.release}"


class Asking(Protocol):
    """Another stack that is at hand."""

    environment: Environment

    def evaluate(self, request: Request) -> Evaluation:
        """Evaluate there."""


def layer_of(other: Other, pennylane: str, cache: Path, voice: Voice, world: World) -> Layer:
    """The environment of another stack, made where it is not there.

    Parameters
    ----------
    other
        The stack.
    pennylane
        The release of PennyLane of the run, beside which a release of another package stands.
    cache
        Where environments are kept.
    voice
        Told what is installed.
    world
        Interpreters and whoever installs.

    Raises
    ------
    UsageError
        If it cannot be had here.
    """
    interpreter = world.look_at(sys.executable)
    needs = needs_with(other.package, other.release, pennylane)
    if not needs.fits(interpreter.python):
        raise UsageError(f"{other} needs Python {needs.python}, and this is {interpreter.python}", "run qdiag by such a Python")
    layers = world.layers(cache, interpreter)
    found = layers.find_release(other.package, other.release, needs)
    if found is not None:
        return found
    voice.now(f"installing {other} into {cache}")
    try:
        return layers.make_release(other.package, other.release, needs, world.installer_for(sys.executable))
    except CannotInstall as error:
        raise UsageError(f"{other} cannot be installed: {error}", "name another release") from None


def open_other(layer: Layer, limit: float = SECONDS) -> AbstractContextManager[Asking]:
    """The stack of a layer, as a process that evaluates."""
    return OtherStack(layer.python, clean_environment(os.environ), limit)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A call, what both stacks are asked of it, and what it shares with calls of the same structure under the same method."""

    call: Call
    request: Request
    kind: tuple[str, Method]


def compare_stacks(trace: Trace, evaluator: Evaluator, other: Asking, plan: Plan, voice: Voice) -> StackComparison:
    """Replay the calls of a run on this stack and on another one.

    Parameters
    ----------
    trace
        The run.
    evaluator
        This stack.
    other
        The other one.
    plan
        Which calls, whether to trust them, the user's own tolerance.
    voice
        Told how far it is.

    Returns
    -------
    StackComparison
        The other stack first. Once calls of a structure have parted under a method, no later ones are asked.
    """
    calls = JudgedCalls(trace, plan.assumed)
    wanted = sampled_calls(plan.length(len(trace)), trace.first_of_each_circuit(), (), plan.every)
    held: list[TwoStacks] = []
    parted: set[tuple[str, Method]] = set()

    def ask_here(request: Request) -> Evaluation:
        return evaluator.submit(request).result()

    with voice.progress("comparing the stacks") as report:
        for start in range(0, len(wanted), IN_FLIGHT):
            report(start, len(wanted))
            asked = [one for one in _asked(calls, wanted[start : start + IN_FLIGHT], plan) if one.kind not in parted]
            futures = [evaluator.submit(one.request) for one in asked]
            there = [other.evaluate(one.request) for one in asked]
            for one, first, second in zip(asked, there, futures):
                if one.kind not in parted:
                    again = (other.evaluate, ask_here)
                    held.append(hold_together(one.call, one.request, (first, second.result()), again, evaluator, plan.tolerance))
                    parted |= {one.kind} if held[-1].outcome in (Outcome.CHANGED, Outcome.RAISES) else set()
    return StackComparison((other.environment, trace.environment), tuple(held), len(trace))


def _asked(calls: JudgedCalls, indices: Sequence[int], plan: Plan) -> Iterator[_Asked]:
    for index in indices:
        call = calls.call(index)
        request = _request(call, plan)
        if request is not None:
            yield _Asked(call, request, (calls.structure_of(index), request.method))


def _request(call: Call, plan: Plan) -> Optional[Request]:
    """What both stacks are asked of a call: its outputs, and products with what came back to it and with a random direction.

    Nothing where there is nothing that could be compared: raw samples, numbers that are none, operations that are known by name only.
    """
    circuit = call.circuit
    if circuit.opaque or circuit.samples_only or not circuit.resolved:
        return None
    return request_of(call, plan, cotangents_of(call, circuit_key(circuit)), jacobian=False)
