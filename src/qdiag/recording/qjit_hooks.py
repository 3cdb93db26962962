"""Hooks on Catalyst, which traces QNodes in the place of PennyLane's own call: what `qjit_calls` makes calls of."""

from __future__ import annotations

import sys
from typing import Any

from qdiag.recording import current, first_need, hooks, qjit_calls
from qdiag.recording.call_reader import UnderCatalyst
from qdiag.recording.hooks import quietly, watched_function


def hook_catalyst() -> None:
    """Hook Catalyst's tracing, where it has the functions for that."""
    functions, tracer = sys.modules.get("catalyst.qfunc"), sys.modules.get("catalyst.jax_tracer")
    called, transforms = getattr(functions, "QFunc", None), getattr(tracer, "apply_transforms", None)
    if called is None or transforms is None:
        return
    hooks.put(called, "__call__", watched_function(called.__call__, _tracing_begins, _tracing_ends, _tracing_raises))
    hooks.put(tracer, "apply_transforms", watched_function(transforms, _circuit_is_there, _nothing))


def _nothing(token: Any, result: Any) -> None:
    return


def _tracing_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder or first_need.ensure_recorder()
    if recording is None or recording.stopped or recording.is_calling():
        # a QNode that is sampled calls itself once more, inside of the call
        return None
    from qdiag.bridges.live import qjit_taps

    given = qjit_taps.arguments_of_user(kwargs)
    call = recording.begin(args[0], args[1:], given, sys._getframe(2))
    if call is None:
        return None
    static = kwargs.get("static_argnums")
    leaves = qjit_taps.arrays_among(args[1:], given, (static,) if isinstance(static, int) else tuple(static or ()))
    call.under_catalyst = UnderCatalyst(leaves, qjit_taps.is_inside_gradient())
    return call


def _circuit_is_there(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder
    call = recording.under_way()[-1] if recording is not None and recording.is_calling() else None
    tape = args[2] if len(args) > 2 else kwargs.get("tape")
    if call is not None and call.under_catalyst is not None and call.under_catalyst.tape is None and tape is not None:
        quietly(qjit_calls.keep_circuit, call.under_catalyst, tape)
    return None


def _tracing_ends(call: Any, result: Any) -> None:
    if current.recorder is not None:
        current.recorder.finish_under_catalyst(call, result)


def _tracing_raises(call: Any, error: BaseException) -> None:
    if current.recorder is not None:
        current.recorder.fail_under_catalyst(call, error)
