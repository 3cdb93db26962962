"""Where the hooks go: the QNode call, the way back, optimisers, warnings. Each lets the original do all the work."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional

from qdiag.tracing import frames

_recorder: Any = None
_script: tuple[str, str] = ("", "")


def install(module: ModuleType, trace: str, target: str, is_module: bool) -> None:
    """Hook a framework that the script has just imported.

    Parameters
    ----------
    module
        ``pennylane`` or ``torch``.
    trace
        The trace's path.
    target
        The script or the module's name.
    is_module
        Whether it runs with ``-m``.
    """
    global _script
    folder = os.getcwd() if is_module else os.path.dirname(os.path.realpath(target))
    _script = (trace, folder)
    if os.path.exists(trace + ".variation"):
        from qdiag.tracing import variation

        # before the hooks: they see a changed QNode as they see any other
        variation.install(module, trace)
    if module.__name__ == "torch":
        _hook_torch(module)
    else:
        _hook_pennylane(module)


def recorder() -> Any:
    """The recorder of this process, made at the first need: PennyLane is complete by then, and so is what the script imports."""
    global _recorder
    if _recorder is None:
        from qdiag.tracing.recorder import Recorder

        _recorder = Recorder(Path(_script[0]), _script[1])
    return _recorder


def script_failed(error: BaseException) -> None:
    """Record the exception that ends the script."""
    if "pennylane" in sys.modules:
        recorder().script_failed(error)


def _stop(error: Exception) -> None:
    """What could not even start to record says so beside the trace."""
    from qdiag.tracing import completion

    completion.mark_stopped(Path(_script[0]), f"{type(error).__name__}: {error}")


# --- wrapping ----------------------------------------------------------------------------------------------------------

Begin = Callable[[tuple[Any, ...], dict[str, Any]], Any]
End = Callable[[Any, Any], None]
Fail = Callable[[Any, BaseException], None]


def _quietly(function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except Exception as error:
        _stop(error)
        return None


def watched(original: Any, begin: Begin, end: End, fail: Optional[Fail] = None) -> Any:
    """A function that does what the original does, and tells when it begins, ends or raises.

    Its frame shows in no traceback and is not counted by ``warnings``.
    """

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        token = None
        try:
            token = begin(args, kwargs)
        except Exception as error:
            _stop(error)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            frames.drop_frame()
            if fail is not None and token is not None:
                _quietly(fail, token, error)
            raise
        if token is not None:
            try:
                end(token, result)
            except Exception as error:
                _stop(error)
        return result

    return frames.unseen(call)


# --- PennyLane ---------------------------------------------------------------------------------------------------------


def _hook_pennylane(module: Any) -> None:
    module.QNode.__call__ = watched(module.QNode.__call__, _call_begins, _call_ends, _call_raises)
    atexit.register(_at_exit)
    shower: Any = warnings
    shower._showwarnmsg = watched(shower._showwarnmsg, _warning_shown, _nothing)
    from qdiag.bridges import live

    resolver = live.resolver_module()
    if resolver is not None:
        name = "_resolve_execution_config"
        setattr(resolver, name, watched(getattr(resolver, name), _resolving, _resolved))
    for kind in live.optimizer_classes():
        for method in ("step", "step_and_cost", "apply_grad"):
            if method in vars(kind):
                original = vars(kind)[method]
                static = isinstance(original, staticmethod)
                wrapped = watched(original.__func__ if static else original, _step_begins, _step_ends, _step_raises)
                setattr(kind, method, staticmethod(wrapped) if static else wrapped)


def _at_exit() -> None:
    if _recorder is not None:
        _quietly(_recorder.flush)


def _nothing(token: Any, result: Any) -> None:
    return


_pipeline_hooked = False


def _call_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = (_recorder or recorder()).begin(args[0], args[1:], kwargs, sys._getframe(2))
    if not _pipeline_hooked and call is not None and call.has_transforms:
        _hook_pipeline()
    return call


def _hook_pipeline() -> None:
    """Watch the application of transforms: only once a QNode has any, since each call goes through it several times."""
    global _pipeline_hooked
    from qdiag.bridges import live

    _pipeline_hooked = True
    pipeline: Any = live.pipeline_class()
    if pipeline is not None:
        pipeline.__call__ = watched(pipeline.__call__, _pipeline_begins, _pipeline_ends)


def _call_ends(call: Any, result: Any) -> None:
    recorder().finish(call, result)


def _call_raises(call: Any, error: BaseException) -> None:
    recorder().fail(call, error)


def _current() -> Any:
    """The call that this thread is inside of."""
    if _recorder is None:
        return None
    under_way = _recorder.under_way()
    return under_way[-1] if under_way else None


def _pipeline_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _current()
    if call is None or not call.has_transforms or call.transformed is not None or len(args) != 2:
        return None
    tapes = args[1]
    mine = isinstance(tapes, (tuple, list)) and len(tapes) == 1 and tapes[0] is call.tape
    return call if mine else None


def _pipeline_ends(call: Any, result: Any) -> None:
    call.transformed = tuple(result[0])


def _resolving(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _current()
    return call if call is not None and call.resolution == (None, None) and call.tape is not None else None


def _resolved(call: Any, config: Any) -> None:
    call.resolution = (config.gradient_method, config.interface)


def _warning_shown(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _current()
    if call is not None and len(call.warnings) < 100:
        shown = args[0]
        call.warnings.append(f"{shown.category.__name__}: {shown.message}")
    return None


_depth = 0


def _step_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    global _depth
    _depth += 1
    return _depth


def _step_ends(depth: int, result: Any) -> None:
    global _depth
    _depth -= 1
    if depth == 1:
        current = recorder()
        current.step()
        if isinstance(result, tuple) and len(result) == 2 and getattr(result[1], "ndim", 0) == 0 and hasattr(result[1], "__float__"):
            current.loss(float(result[1]))


def _step_raises(depth: int, error: BaseException) -> None:
    global _depth
    _depth -= 1


# --- torch -------------------------------------------------------------------------------------------------------------


def _hook_torch(module: Any) -> None:
    engine = module.autograd
    engine.backward = watched(engine.backward, _backward_begins, _backward_ends, _backward_raises)
    engine.grad = watched(engine.grad, _grad_begins, _backward_ends, _backward_raises)
    optimizer = sys.modules["torch.optim.optimizer"]
    if hasattr(optimizer, "register_optimizer_step_post_hook"):
        optimizer.register_optimizer_step_post_hook(_optimizer_stepped)
    else:
        base = module.optim.Optimizer
        base.__init__ = watched(base.__init__, _optimizer_begins, _optimizer_made)


def _backward_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = _recorder
    if recording is None or recording.stopped:
        return None
    tensors: Any = args[0] if args else kwargs.get("tensors")
    if hasattr(tensors, "item") and tensors.numel() == 1 and tensors.device.type == "cpu":
        value = tensors.item()
        if type(value) is float:
            recording.loss(value)
    return recording.passes.begin()


def _grad_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = _recorder
    return None if recording is None or recording.stopped else recording.passes.begin()


def _backward_ends(current: Any, result: Any) -> None:
    recorder().passes.end(current)


def _backward_raises(current: Any, error: BaseException) -> None:
    recording = recorder()
    recording.passes.end(current)
    recording.failed_backward(current, error)


def _optimizer_stepped(*values: Any) -> None:
    if _recorder is not None:
        _quietly(_recorder.step)


def _optimizer_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0]


def _optimizer_made(optimizer: Any, result: Any) -> None:
    """Before torch 2 there is no hook for all optimisers: wrap the step of each class once."""
    kind = type(optimizer)
    if not hasattr(kind.step, "_seen_by_qdiag"):
        kind.step = watched(kind.step, _optimizer_begins, _torch_stepped)
        kind.step._seen_by_qdiag = True


def _torch_stepped(optimizer: Any, result: Any) -> None:
    if _recorder is not None:
        _recorder.step()
