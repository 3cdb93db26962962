"""Hooks on Catalyst, which traces QNodes in the place of PennyLane's own call: what `qjit_calls` makes calls of."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from qdiag.recording import current, first_need, hooks, qjit_calls
from qdiag.recording.hooks import quietly, watched_function
from qdiag.recording.ongoing_call import UnderCatalyst


def hook_catalyst() -> None:
    """Hook Catalyst's tracing, where it has the functions for that."""
    functions, tracer = sys.modules.get("catalyst.qfunc"), sys.modules.get("catalyst.jax_tracer")
    called, transforms = getattr(functions, "QFunc", None), getattr(tracer, "apply_transforms", None)
    if called is None or transforms is None:
        return
    hooks.put(called, "__call__", watched_function(called.__call__, _tracing_begins, _tracing_ends, _tracing_raises))
    hooks.put(tracer, "apply_transforms", watched_function(transforms, _circuit_is_there, _nothing))
    compiled: Any = getattr(sys.modules.get("catalyst.jit"), "QJIT", None)
    if hasattr(compiled, "capture"):
        hooks.put(compiled, "capture", watched_function(compiled.capture, _compiling_begins, _level_ends, _level_raises))
    function: Any = getattr(tracer, "Function", None)
    if function is not None:
        hooks.put(function, "__call__", watched_function(function.__call__, _function_begins, _level_ends, _level_raises))
    gradients, name = sys.modules.get("catalyst.api_extensions.differentiation"), "_make_jaxpr_check_differentiable"
    if hasattr(gradients, name):
        watched = watched_function(getattr(gradients, name), _differentiating_begins, _level_ends, _level_raises)
        hooks.put(gradients, name, watched)


def _nothing(token: Any, result: Any) -> None:
    return


def _static(asked: Any) -> Sequence[int]:
    """Positions of arguments that are compiled in, as Catalyst takes them."""
    return (asked,) if isinstance(asked, int) else tuple(asked or ())


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
    leaves = qjit_taps.arrays_among(args[1:], given, _static(kwargs.get("static_argnums")))
    around = tuple(qjit_calls.tracings())
    differentiated = qjit_taps.is_differentiated([tracing.level for tracing in around])
    call.under_catalyst = UnderCatalyst(leaves, differentiated, levels=around, inside=qjit_taps.current_trace())
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


# --- what is traced around a QNode -----------------------------------------------------------------------------------------


def _compiling_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function is about to be compiled: ``QJIT.capture(self, args, **kwargs)``."""
    from qdiag.bridges.live import qjit_taps

    static = _static(getattr(getattr(args[0], "compile_options", None), "static_argnums", None))
    return qjit_calls.begin_tracing(qjit_taps.level_of(qjit_taps.COMPILED, args[1], kwargs, static))


def _differentiating_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function is about to be traced in order to be differentiated: given are it, what is asked for, and its arguments."""
    from qdiag.bridges.live import qjit_taps

    level = qjit_taps.level_of(qjit_taps.DIFFERENTIATED, args[2:], kwargs)
    return qjit_calls.begin_tracing(level, is_qnode=isinstance(args[0], sys.modules["pennylane"].QNode))


def _function_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function that is differentiated is traced by itself, within what is traced of its derivative."""
    from qdiag.bridges.live import qjit_taps

    given = qjit_taps.arguments_of_user(kwargs)
    level = qjit_taps.level_of(qjit_taps.FUNCTION, args[1:], given, _static(kwargs.get("static_argnums")))
    return qjit_calls.begin_tracing(level)


def _level_ends(tracing: Any, result: Any) -> None:
    qjit_calls.end_tracing(tracing)
    for told in tracing.waiting:
        told()


def _level_raises(tracing: Any, error: BaseException) -> None:
    qjit_calls.end_tracing(tracing)
    if current.recorder is not None and len(tracing.over) == 1:
        # with several QNodes in it nobody says which one it is about
        current.recorder.refused_under_catalyst(tracing.over[0], error)
