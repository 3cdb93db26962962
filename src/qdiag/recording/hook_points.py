"""Where the hooks go: the QNode call, the way back, optimisers, warnings. Each lets the original do all the work.

Hooks stay in a traced script until it ends; a recording inside a running program takes them out again.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
import warnings
from types import ModuleType
from typing import Any, Optional

from qdiag.recording import current, first_need, frames, hooks, training_hooks, unseen_work
from qdiag.recording.hooks import quietly, watched_function
from qdiag.trace import (
    bound,  # noqa: F401 - loaded before the script can put something else in the place of what it holds
    twin_variation,
)


def install(module: ModuleType, trace: str, target: str, is_module: bool, home: int = 0) -> None:
    """Hook a framework that the script has just imported.

    Parameters
    ----------
    module
        One of `imports.AWAITED`.
    trace
        The trace's path.
    target
        The script or the module's name.
    is_module
        Whether it runs with ``-m``.
    home
        The script's own process; 0 for this one.
    """
    folder = os.getcwd() if is_module else os.path.dirname(os.path.realpath(target))
    record_into(module, current.Wanted(trace, folder, home=home or os.getpid()))


def record_into(module: ModuleType, wanted: current.Wanted) -> None:
    """Hook a framework that was just imported, and record as is wanted; what came first decides that."""
    if not _hooked:
        current.exchange(current.recorder, wanted)
    if os.path.exists(wanted.trace + twin_variation.SUFFIX):
        from qdiag.recording import twin_change

        # before the hooks: they see a changed QNode as they see any other
        twin_change.install(module, wanted.trace)
    if module.__name__ == "pennylane":
        _hear_devices()
    hook(module)


def script_failed(error: BaseException) -> None:
    """Record the exception that ends the script."""
    recording = first_need.ensure_recorder() if "pennylane" in sys.modules else None
    if recording is not None:
        recording.script_failed(error)


def _hear_devices() -> None:
    """Hear what devices are made with. What hears it cannot be taken out again: it never gets into a program that goes on."""
    from qdiag.bridges.live import made_devices

    for base in made_devices.device_bases():
        base.__new__ = frames.hide_frames(made_devices.hear_devices(base, quietly))  # type: ignore[method-assign]


_hooked: set[str] = set()


def hook(module: ModuleType) -> None:
    """Put the hooks of one of `imports.AWAITED` in, unless they are there; what makes code of functions is told to pass over ours."""
    if module.__name__ in frames.OF_COMPILATION:
        unseen_work.pass_over_frames(module)
        return
    if module.__name__ in _hooked:
        return
    _hooked.add(module.__name__)
    if module.__name__ == "torch":
        _hook_torch(module)
    elif module.__name__ in ("optax", "equinox"):
        training_hooks.hook_updates(module)
    elif module.__name__ == "catalyst":
        # it reads calls, which needs PennyLane: that is there by now
        from qdiag.recording import qjit_hooks

        qjit_hooks.hook_catalyst()
    else:
        _hook_pennylane(module)


def is_hooked() -> bool:
    """Whether any hooks are in."""
    return bool(_hooked)


def unhook() -> None:
    """Take all hooks out, the last one first."""
    global _pipeline_hooked
    hooks.take_out()
    _hooked.clear()
    _pipeline_hooked = False


# --- PennyLane ---------------------------------------------------------------------------------------------------------


def _hook_pennylane(module: Any) -> None:
    call = watched_function(module.QNode.__call__, _call_begins, _call_ends, _call_raises, replaces=True)
    hooks.put(module.QNode, "__call__", call)
    atexit.register(_at_exit)
    # without it nothing is run at the end; the forked processes of pools end so, too
    hooks.put(os, "_exit", watched_function(os._exit, _ends_at_once, _nothing))
    hooks.at_the_end(functools.partial(atexit.unregister, _at_exit))
    shower: Any = warnings
    hooks.put(shower, "_showwarnmsg", watched_function(shower._showwarnmsg, _warning_shown, _nothing))
    from qdiag.bridges.live import qnode_attributes

    tracer: Any = sys.modules.get("autograd.core")
    if tracer is not None:
        # by this name it is found by all that differentiate
        hooks.put(tracer, "trace", watched_function(tracer.trace, _trace_begins, _trace_ends))
        way_back = watched_function(tracer.backward_pass, _way_back_begins, _nothing, _way_back_raises)
        hooks.put(tracer, "backward_pass", way_back)
    resolver = qnode_attributes.resolver_module()
    if resolver is not None:
        name = "_resolve_execution_config"
        hooks.put(resolver, name, watched_function(getattr(resolver, name), _resolution_begins, _resolution_ends))
    training_hooks.hook_pennylane()


def _at_exit() -> None:
    if current.recorder is not None:
        quietly(current.recorder.end)


def _ends_at_once(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    _at_exit()


def _nothing(token: Any, result: Any) -> None:
    return


_pipeline_hooked = False


def _call_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder or first_need.ensure_recorder()
    training_hooks.tell_waiting()
    call = None if recording is None else recording.begin(args[0], args[1:], kwargs, sys._getframe(2))
    if not _pipeline_hooked and call is not None and call.has_transforms:
        _hook_pipeline()
    return call


def _hook_pipeline() -> None:
    """Watch the application of transforms: only once a QNode has any, since each call goes through it several times."""
    global _pipeline_hooked
    from qdiag.bridges.live import qnode_attributes

    _pipeline_hooked = True
    pipeline: Any = qnode_attributes.pipeline_class()
    if pipeline is not None:
        hooks.put(pipeline, "__call__", watched_function(pipeline.__call__, _pipeline_begins, _pipeline_ends))


def _call_ends(call: Any, result: Any) -> Any:
    return None if current.recorder is None else current.recorder.finish(call, result)


def _call_raises(call: Any, error: BaseException) -> None:
    if current.recorder is not None:
        current.recorder.fail(call, error)


def _current() -> Any:
    """The call that this thread is inside of."""
    if current.recorder is None:
        return None
    under_way = current.recorder.under_way()
    return under_way[-1] if under_way else None


def _pipeline_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _current()
    if call is None or not call.has_transforms or call.transformed is not None or len(args) != 2:
        return None
    tapes = args[1]
    mine = isinstance(tapes, (tuple, list)) and len(tapes) == 1 and tapes[0] is call.tape
    if not mine:
        return None
    from qdiag.bridges.live import qnode_attributes

    call.untouched = qnode_attributes.Untouched(tapes[0])
    return call


def _pipeline_ends(call: Any, result: Any) -> None:
    call.transformed = tuple(result[0])


def _resolution_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _current()
    return call if call is not None and call.resolution == (None, None) and call.hold_tape() else None


def _resolution_ends(call: Any, config: Any) -> None:
    call.resolution = (config.gradient_method, config.interface)
    # PennyLane loads JAX wherever it is installed: that it is there says nothing of the call
    if getattr(config.interface, "value", config.interface) in _JAX and current.recorder is not None:
        current.recorder.expect_run(call)


_JAX = ("jax", "jax-jit")


def _warning_shown(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call, shown = _current(), args[0]
    words = f"{shown.category.__name__}: {shown.message}"
    if call is not None and len(call.warnings) < 100:
        call.warnings.append(words)
    elif call is None and current.recorder is not None:
        current.recorder.warned_backward(words)
    elif call is None and current.wanted.trace and len(current.early) < current.MOST_EARLY:
        current.early.append(words)
    return None


def _trace_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return current.recorder is not None and not current.recorder.stopped


def _trace_ends(recorded: bool, result: Any) -> None:
    """Autograd has gone forward through a function: the way back from a single number begins at a loss."""
    recording, (value, node) = current.recorder, result
    if recording is None or hasattr(value, "_node") or getattr(value, "size", 1) != 1 or recording.is_calling():
        return
    if isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f":
        recording.root(float(value), node)


def _way_back_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder
    return None if recording is None or recording.stopped else recording.passes.unannounced()


def _way_back_raises(before: Any, error: BaseException) -> None:
    if current.recorder is not None:
        current.recorder.autograd_pass_failed(before, error)


# --- torch -------------------------------------------------------------------------------------------------------------


def _hook_torch(module: Any) -> None:
    engine = module.autograd
    hooks.put(engine, "backward", watched_function(engine.backward, _backward_begins, _loss_is_back, _backward_raises))
    hooks.put(engine, "grad", watched_function(engine.grad, _grad_begins, _backward_ends, _backward_raises))
    training_hooks.hook_torch(module)


def _backward_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder
    if recording is None or recording.stopped:
        return None
    tensors: Any = args[0] if args else kwargs.get("tensors")
    root = _root(tensors)
    value = _number(root)
    recording.root(value, root)
    if value is not None:
        recording.loss(value)
        recording.losses.look(root, sys._getframe(2))
    return recording.pass_begins(tensors, True, sys._getframe(2))


def _root(tensors: Any) -> Any:
    """Where a backward pass begins: one tensor, where there is one only."""
    return tensors[0] if isinstance(tensors, (tuple, list)) and len(tensors) == 1 else tensors


def _number(root: Any) -> Optional[float]:
    """The loss, where a backward pass begins at a single number."""
    if not hasattr(root, "item") or root.numel() != 1 or root.device.type != "cpu":
        return None
    value = root.item()
    return value if type(value) is float else None


def _grad_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder
    if recording is None or recording.stopped:
        return None
    tensors: Any = args[0] if args else kwargs.get("outputs")
    # a gradient that is itself differentiated is part of a loss, and no step
    if not kwargs.get("create_graph"):
        root = _root(tensors)
        recording.root(_number(root), root, False)
    return recording.pass_begins(tensors, False, sys._getframe(2))


def _loss_is_back(begun: Any, result: Any) -> None:
    """A whole backward pass is over, and is kept whatever comes; those of ``grad`` may be one for each row of a Jacobian, and wait."""
    _backward_ends(begun, result)
    if current.recorder is not None:
        current.recorder.flush()


def _backward_ends(begun: Any, result: Any) -> None:
    if current.recorder is not None:
        current.recorder.pass_ends(begun)


def _backward_raises(begun: Any, error: BaseException) -> None:
    if current.recorder is not None:
        current.recorder.pass_ends(begun, error)
