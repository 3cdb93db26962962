"""One call of what the user holds in hand, recorded in this very process and judged: what `qdiag.check` and ``qdiag check`` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Optional

from qdiag.errors import UsageError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.model.call import Script
from qdiag.pipeline.run import Run, finished
from qdiag.pipeline.run_options import JudgedRun, Options, Voice
from qdiag.recording.session import Session, pause_recording
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder

SEED = 20_240_607
"""Of the cotangent that goes back through the call."""

NOTHING_TRACKED = (
    "no argument and no parameter is tracked, so there is no gradient and only outputs were compared: "
    "pass torch tensors with requires_grad=True, or arrays of pennylane.numpy; in a JSON file, numbers with a point (1.0, not 1)"
)


def check(
    target: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    run: RunFolder,
    options: Options,
    voice: Voice,
    workers: Optional[Evaluator] = None,
) -> JudgedRun:
    """Call a QNode or a module once, forwards and backwards, and judge every QNode call that it makes.

    Parameters
    ----------
    target
        A QNode, a module, or any function that calls QNodes. Nothing of it is changed: neither gradients nor random streams, buffers
        nor attributes.
    args, kwargs
        What it is called with.
    run
        Where the trace goes.
    options, voice, workers
        As in `pipeline.examine`.

    Raises
    ------
    UsageError
        If it made no QNode call.
    Exception
        Its own, where it raised one outside of its QNodes.
    """
    from qdiag.bridges.live import call_target

    call_target.check_arguments(target, args, kwargs)
    error: Optional[Exception] = None
    examination = Run(run, replace(options, all_asked=True), voice, workers)

    def get_ahead() -> bool:
        with pause_recording():
            return error is None and examination.get_ahead()

    with call_target.restore_afterwards(target) as meet, examination:
        script = Script(call_target.name_of(target), called=True)
        with ExitStack() as recording:
            recording.enter_context(Session(run.trace, script, probe=options.probe, met=meet, handed=True, meanwhile=get_ahead))
            try:
                call_target.call_forward_and_backward(target, args, kwargs, SEED)
            except Exception as raised:
                error = raised
            with voice.progress("taking in what was recorded"):
                recording.close()
        with pause_recording():
            tracked = _any_trainable_call(run, call_target.name_of(target), error)
            outcome = finished(run, examination)
    if tracked:
        return outcome
    return replace(outcome, result=replace(outcome.result, notes=(*outcome.result.notes, NOTHING_TRACKED), tracked=False))


def _any_trainable_call(run: RunFolder, name: str, error: Optional[Exception]) -> bool:
    """Whether a recorded call has anything to differentiate by; the user's own exception, where no call is to blame for it."""
    with Trace.open(run.trace) as trace:
        calls = list(trace.calls())
    if error is not None and not any(call.failure for call in calls):
        raise error
    if not calls:
        raise UsageError(f"{name} made no QNode call", "name a QNode, or a module that calls one when it is called")
    return any(call.circuit.trainable for call in calls)
