"""Hooks on optimisers and on the clipping of gradients: what `training_watch` is told."""

from __future__ import annotations

import functools
import sys
from typing import Any, Optional

from qdiag.recording import current, first_need, hooks, makers, optimizer_steps
from qdiag.recording.hooks import quietly, watched_function

MOST_WAITING = 64
"""Optimisers that may be made before the first QNode call."""

_waiting: list[makers.Maker] = []


def tell_waiting() -> None:
    """Tell the recorder of the optimisers that were made before there was one."""
    if _waiting and current.recorder is not None:
        made = _waiting[:]
        _waiting.clear()
        for maker in made:
            current.recorder.training(lambda watch, maker=maker: watch.made(maker))


def _nothing(token: Any, result: Any) -> None:
    return


# --- torch -------------------------------------------------------------------------------------------------------------


def hook_torch(module: Any) -> None:
    """Hook torch's optimisers and its functions that clip gradients."""
    _waiting.clear()
    hooks.at_the_end(_waiting.clear)
    optimizer = sys.modules["torch.optim.optimizer"]
    base = module.optim.Optimizer
    lasting = optimizer_steps.hooks_last(module)
    hooks.put(base, "__init__", watched_function(base.__init__, _making, functools.partial(_made, lasting)))
    if lasting:
        for name, hook in (("pre", _step_begins), ("post", _step_ended)):
            register = getattr(optimizer, f"register_optimizer_step_{name}_hook", None)
            if register is not None:
                hooks.at_the_end(register(hook).remove)
    clipping = sys.modules.get("torch.nn.utils.clip_grad")
    for name, by_value in (("clip_grad_norm_", False), ("clip_grad_value_", True)):
        original = getattr(clipping, name, None)
        if original is not None:
            clipped = watched_function(original, functools.partial(_clip_begins, by_value), _clip_ends)
            for owner in (clipping, sys.modules.get("torch.nn.utils")):
                if getattr(owner, name, None) is original:
                    hooks.put(owner, name, clipped)


def _making(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return args[0]


def _made(lasting: bool, optimizer: Any, result: Any) -> None:
    if not lasting:
        _wrap_step(type(optimizer))
    if not current.wanted.trace and current.recorder is None:
        return
    if len(_waiting) < MOST_WAITING:
        _waiting.append(makers.maker_of(optimizer, sys._getframe(2)))
    tell_waiting()


def _wrap_step(kind: Any) -> None:
    def watched(step: Any) -> Any:
        return watched_function(step, _wrapped_step_begins, _wrapped_step_ended)

    wrapped = optimizer_steps.wrapped_step(kind, watched, "_seen_by_qdiag")
    if wrapped is not None:
        hooks.put(kind, "step", wrapped)


def _wrapped_step_begins(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    _step_begins(args[0])
    return args[0]


def _wrapped_step_ended(optimizer: Any, result: Any) -> None:
    _step_ended(optimizer)


def _step_begins(optimizer: Any, *values: Any) -> None:
    if current.recorder is not None:
        frame = sys._getframe(1)
        quietly(current.recorder.training, lambda watch: watch.step_begins(optimizer, frame))


def _step_ended(optimizer: Any, *values: Any) -> None:
    if current.recorder is not None:
        frame = sys._getframe(1)
        quietly(current.recorder.step, lambda watch: watch.step_ends(optimizer, frame))


def _clip_begins(by_value: bool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    recording = current.recorder
    if recording is None:
        return None
    named = kwargs.get("clip_value" if by_value else "max_norm")
    limit = float(args[1] if named is None else named)
    return limit, recording.training(lambda watch: watch.largest_gradient()) if by_value else None, by_value


def _clip_ends(token: Any, result: Any) -> None:
    limit, before, by_value = token
    if current.recorder is None:
        return
    if not by_value and getattr(getattr(result, "device", None), "type", "cpu") == "cpu":
        before = float(result)
    frame = sys._getframe(2)
    current.recorder.training(lambda watch: watch.clip(limit, before, by_value, frame))


# --- PennyLane ---------------------------------------------------------------------------------------------------------


def hook_pennylane() -> None:
    """Hook PennyLane's optimisers."""
    from qdiag.bridges.live import qnode_attributes

    for kind in qnode_attributes.optimizer_classes():
        for method in ("step", "step_and_cost", "apply_grad"):
            if method in vars(kind):
                original = vars(kind)[method]
                static = isinstance(original, staticmethod)
                begins = functools.partial(_pennylane_begins, method)
                wrapped = watched_function(original.__func__ if static else original, begins, _pennylane_ended, _pennylane_raises)
                hooks.put(kind, method, staticmethod(wrapped) if static else wrapped)


_depth = 0


def _pennylane_begins(method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    global _depth
    _depth += 1
    given: Any = None
    if _depth == 1 and method != "apply_grad" and len(args) > 1 and first_need.ensure_recorder() is not None:
        given = current.recorder.training(lambda watch: watch.given(args[1], args[2:], args[0]))
        current.recorder.probe_parameters()
    return _depth, given, method


def _pennylane_ended(token: Any, result: Any) -> None:
    global _depth
    _depth -= 1
    depth, given, method = token
    recording = first_need.ensure_recorder()
    if depth != 1 or recording is None:
        return
    frame = sys._getframe(2)
    cost: Optional[Any] = result[1] if isinstance(result, tuple) and len(result) == 2 else None
    back = result[0] if method == "step_and_cost" and cost is not None else result
    recording.step(lambda watch: watch.returned(given, back, frame))
    if getattr(cost, "ndim", 0) == 0 and hasattr(cost, "__float__"):
        recording.loss(float(cost))  # type: ignore[arg-type]


def _pennylane_raises(token: Any, error: BaseException) -> None:
    global _depth
    _depth -= 1


# --- optax and Equinox -------------------------------------------------------------------------------------------------


def hook_updates(module: Any) -> None:
    """Hook the function by which updates are applied: optax has no optimiser that could be asked, and each step ends in it.

    Equinox has one of its own, which is given a module in the place of parameters.
    """
    applied = watched_function(module.apply_updates, _applying, _applied)
    home = sys.modules.get(getattr(module.apply_updates, "__module__", ""))
    for owner in (home, module):
        if getattr(owner, "apply_updates", None) is not None:
            hooks.put(owner, "apply_updates", applied)


def _applying(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return current.recorder is not None


def _applied(recorded: bool, parameters: Any) -> None:
    if recorded and current.recorder is not None:
        current.recorder.traced.take_step(parameters, current.recorder.step)
