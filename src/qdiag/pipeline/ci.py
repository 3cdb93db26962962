"""The staircase of ``qdiag ci``: the circuits of a lock on the stack at hand, each held against what the lock's stack gave."""

from __future__ import annotations

from collections.abc import Sequence

from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.call import Call, Environment
from qdiag.model.comparison import Tolerance
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.lock import Lock, Locked
from qdiag.model.two_stacks import StackComparison, TwoStacks
from qdiag.pipeline.run_options import Voice
from qdiag.pipeline.stage_two_stacks import hold_together

IN_FLIGHT = 16
"""Circuits that are under way at once."""


def replay_lock(
    lock: Lock, evaluator: Evaluator, voice: Voice, tolerance: Tolerance = Tolerance(), *, here: Environment
) -> StackComparison:
    """Ask the stack at hand for every circuit of a lock.

    Parameters
    ----------
    lock
        The lock.
    evaluator
        Where circuits are evaluated: the stack at hand.
    voice
        Told how far it is.
    tolerance
        The user's own.
    here
        What the stack at hand is: known also where PennyLane cannot be imported.
    """
    found: list[TwoStacks] = []
    total = len(lock.circuits)
    with voice.progress("replaying") as report:
        for start in range(0, total, IN_FLIGHT):
            report(start, total)
            found += _held(start, lock.circuits[start : start + IN_FLIGHT], evaluator, tolerance)
    return StackComparison((lock.environment, here), tuple(found), total)


def _held(start: int, circuits: Sequence[Locked], evaluator: Evaluator, tolerance: Tolerance) -> list[TwoStacks]:
    futures = [evaluator.submit(one.request) for one in circuits]

    def ask(request: Request) -> Evaluation:
        return evaluator.submit(request).result()

    return [
        hold_together(_call(place, one), one.request, (one.evaluation, future.result()), (None, ask), evaluator, tolerance)
        for place, (one, future) in enumerate(zip(circuits, futures), start)
    ]


def _call(place: int, locked: Locked) -> Call:
    """A call that stands for a circuit of the lock."""
    configuration = locked.configuration
    return Call(place, 0, configuration.source, configuration, (), locked.request.circuit, locked.evaluation.outputs)
