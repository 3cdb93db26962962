"""Replaying a trace, call by call at the very points that the script visited, to find the first call at which methods part."""

from __future__ import annotations

from typing import Optional

from qdiag.locate.asking import Evaluator
from qdiag.locate.judging import Unfaithful
from qdiag.locate.located import Located
from qdiag.locate.plan import Plan
from qdiag.locate.replay import CallSource, Progress, Replay
from qdiag.model.findings import Cost
from qdiag.trace.evaluation_store import EvaluationFile

__all__ = ["CallSource", "Cost", "Located", "Plan", "Replay", "Unfaithful", "locate"]


def locate(
    trace: CallSource,
    evaluator: Evaluator,
    plan: Optional[Plan] = None,
    *,
    store: Optional[EvaluationFile] = None,
    progress: Optional[Progress] = None,
) -> Located:
    """Replay a whole trace and find the first call of each kind of difference.

    Parameters
    ----------
    trace
        The calls.
    evaluator
        What evaluates.
    plan
        What the user asked for.
    store
        Where evaluations are kept, so that an interrupted replay can be resumed.
    progress
        Told how many calls are done, and of how many.
    """
    return Replay(trace, evaluator, plan or Plan(), store=store, progress=progress).finish()
