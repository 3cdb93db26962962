"""Steps of optimisers are heard once each, also where torch's compiler takes the wrapper with the hooks off their class."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any, Callable

import pytest

from qdiag.recording.optimizer_steps import hooks_last, wrapped_step


def hooked(step: Callable[..., Any]) -> Any:
    """As torch wraps the step of a class for its hooks."""

    @functools.wraps(step)
    def wrapper(optimizer: Any) -> Any:
        optimizer.hooks += 1
        return step(optimizer)

    wrapper.hooked = True  # type: ignore[attr-defined]
    return wrapper


def compiled(kind: Any) -> None:
    """What torch 2.1 does to a class of optimisers at the first ``torch.compile``."""
    if getattr(kind.step, "hooked", False):
        kind.step = getattr(kind.step, "__wrapped__", kind.step)
    kind.step.hooked = True


class Heard:
    """Wraps steps and counts them."""

    def __init__(self) -> None:
        self.steps = 0

    def wrap(self, step: Any) -> Any:
        @functools.wraps(step)
        def call(optimizer: Any) -> Any:
            self.steps += 1
            return step(optimizer)

        return call


def optimizer_class() -> Any:
    class Plain:
        hooks = 0

        def step(self) -> str:
            return "stepped"

    return Plain


def test_a_step_is_heard_once_before_and_after_torch_compiles() -> None:
    kind, heard = optimizer_class(), Heard()
    kind.step = hooked(kind.step)
    kind.step = wrapped_step(kind, heard.wrap, "_seen")
    optimizer = kind()
    assert (optimizer.step(), heard.steps, optimizer.hooks) == ("stepped", 1, 1)
    compiled(kind)
    assert (optimizer.step(), heard.steps, optimizer.hooks) == ("stepped", 2, 1)
    assert wrapped_step(kind, heard.wrap, "_seen") is None


def test_a_class_whose_first_optimiser_is_made_after_that_is_heard_too() -> None:
    kind, heard = optimizer_class(), Heard()
    compiled(kind)
    kind.step = wrapped_step(kind, heard.wrap, "_seen")
    assert (kind().step(), heard.steps) == ("stepped", 1)


@pytest.mark.parametrize(
    ("version", "has_hooks", "last"),
    [("1.13.1", False, False), ("2.1.2+cpu", True, False), ("2.3.0", True, True), ("2.13.0", True, True), ("", True, True)],
)
def test_hooks_last_where_there_are_some_and_the_compiler_leaves_them(
    version: str, has_hooks: bool, last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("torch.optim.optimizer")
    if has_hooks:
        module.register_optimizer_step_post_hook = object()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.optim.optimizer", module)
    assert hooks_last(types.SimpleNamespace(__version__=version)) is last
