"""What the recorder asks of torch, no mode of the script's sees."""

from __future__ import annotations

import signal
import sys
import threading
import types
from typing import Any

import pytest

from qdiag.recording import current, hooks
from qdiag.recording.unseen_work import Unseen


def test_without_torch_or_its_switches_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for loaded in (None, types.SimpleNamespace(), types.SimpleNamespace(_C=types.SimpleNamespace())):
        monkeypatch.setitem(sys.modules, "torch", loaded)
        with Unseen():
            pass


@pytest.fixture
def torch() -> Any:
    torch = pytest.importorskip("torch")
    if not hasattr(pytest.importorskip("torch.overrides"), "TorchFunctionMode"):
        pytest.skip("this torch has no function modes")
    return torch


def work(torch: Any, tensor: Any) -> None:
    """As the recorder does it."""
    tensor.detach().clone()
    tensor.register_hook(lambda gradient: None)
    torch.isfinite(tensor).all().item()


def test_a_function_mode_sees_what_the_script_does_only(torch: Any) -> None:
    seen: list[str] = []

    class Count(torch.overrides.TorchFunctionMode):  # type: ignore[misc, name-defined]
        def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(function.__name__)
            return function(*args, **(kwargs or {}))

    tensor = torch.ones(2, requires_grad=True)
    watched = hooks.watched_function(
        lambda x: torch.sin(x), lambda args, kwargs: work(torch, tensor) or True, lambda token, out: work(torch, out)
    )
    with Count():
        watched(tensor)
    assert seen == ["sin"]


def test_a_dispatch_mode_does_not_either(torch: Any) -> None:
    dispatching = pytest.importorskip("torch.utils._python_dispatch")
    if not hasattr(dispatching, "_disable_current_modes"):
        pytest.skip("this torch cannot turn them off")
    seen: list[str] = []

    class Count(dispatching.TorchDispatchMode):  # type: ignore[misc, name-defined]
        def __torch_dispatch__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(str(function))
            return function(*args, **(kwargs or {}))

    tensor = torch.ones(2, requires_grad=True)
    with Count():
        with Unseen():
            work(torch, tensor)
        torch.sin(tensor)
    assert seen == ["aten.sin.default"]


def test_nor_does_a_subclass_of_tensor(torch: Any) -> None:
    seen: list[str] = []

    class Loud(torch.Tensor):  # type: ignore[misc, name-defined]
        @classmethod
        def __torch_function__(cls, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(function.__name__)
            return super().__torch_function__(function, kinds, args, kwargs or {})

    tensor = torch.ones(2).as_subclass(Loud).requires_grad_()
    seen.clear()
    hooks.quietly(work, torch, tensor)
    assert seen == []
    torch.sin(tensor)
    assert seen == ["sin"]


def test_an_error_inside_leaves_the_modes_as_they_were(torch: Any) -> None:
    with pytest.raises(KeyError), Unseen():
        raise KeyError
    assert torch._C._is_torch_function_enabled()


def test_what_a_signal_handler_of_the_script_raises_reaches_the_script_and_not_the_recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[Exception] = []
    monkeypatch.setattr(current, "stop", stopped.append)
    done: list[str] = []

    def ring(number: int, frame: Any) -> None:
        raise TimeoutError("too long")

    def record(*given: Any) -> Any:
        # to this thread: while it hears none, the process would have another one of its threads hear it
        signal.pthread_kill(threading.get_ident(), signal.SIGALRM)
        done.append("recorded")
        return True

    before = signal.signal(signal.SIGALRM, ring)
    try:
        for watched in (
            hooks.watched_function(lambda: done.append("called"), record, lambda token, result: None),
            hooks.watched_function(lambda: done.append("called"), lambda args, kwargs: True, record),
            lambda: hooks.quietly(record),
        ):
            with pytest.raises(TimeoutError, match="too long"):
                watched()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert done == ["recorded", "called", "recorded", "recorded"]
    assert stopped == []
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())
