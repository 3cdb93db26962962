"""What the recorder asks of torch, no mode of the script's sees."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from qdiag.recording import current, frames, hooks, unseen_work
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


def test_nor_is_any_of_it_a_part_of_what_is_traced(torch: Any) -> None:
    sizes: list[type] = []

    def scaled(x: Any) -> Any:
        with Unseen():
            work(torch, x)
            sizes.extend(type(size) for size in x.shape)
        return torch.sin(x)

    made = torch.jit.trace(scaled, torch.ones(2, requires_grad=True), check_trace=False)
    assert [node.kind() for node in made.graph.nodes()] == ["aten::sin"]
    assert sizes == [int], "while it traces, torch gives tensors for sizes"


def test_torchs_profiler_counts_what_the_script_asks(torch: Any) -> None:
    tensor = torch.ones(2, requires_grad=True)
    with torch.autograd.profiler.profile() as profile:
        with Unseen():
            work(torch, tensor)
        torch.sin(tensor)
    assert {event.key for event in profile.key_averages()} == {"aten::sin"}


@pytest.mark.parametrize("loaded", [True, False])
def test_torch_compile_is_handed_none_of_our_functions(torch: Any, loaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch._dynamo", raising=False)
    if loaded:
        monkeypatch.setitem(sys.modules, "torch._dynamo", types.ModuleType("torch._dynamo"))
    said: list[str] = []
    switches = unseen_work._find_switches()._replace(compile_with=lambda callback: said.append(callback) or "the script's")
    monkeypatch.setattr(unseen_work, "_switches", switches)
    with Unseen():
        assert said == [None] * loaded
    assert said == [None, "the script's"] * loaded


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"FORCE_SKIP_FILES": set(), "SKIP_DIRS": []}, {"FORCE_SKIP_FILES": {frames.MACHINERY}, "SKIP_DIRS": ["qdiag"]}),
        ({"SKIP_DIRS": []}, {"SKIP_DIRS": [frames.MACHINERY, "qdiag"]}),
    ],
    ids=["torch 2.9", "torch 2.3"],
)
def test_nor_does_it_look_into_the_hooks_themselves(rules: dict[str, Any], told: dict[str, Any]) -> None:
    unseen_work.pass_over_frames(types.SimpleNamespace(add=rules["SKIP_DIRS"].append, **rules))
    assert rules == told


def test_a_torch_that_has_no_such_rules_there_is_left_alone() -> None:
    unseen_work.pass_over_frames(types.ModuleType("torch._dynamo.trace_rules"))


@pytest.mark.parametrize("name", frames.OF_COMPILATION)
def test_this_torch_passes_over_both(torch: Any, name: str) -> None:
    rules = pytest.importorskip(name)
    check = getattr(rules, "check_file", None) or getattr(rules, "check", None)
    if check is None:
        pytest.skip("this torch has its rules elsewhere")
    script = subprocess.run([sys.executable, "-c", PASSED_OVER, name], capture_output=True, text=True, check=False)
    assert script.stdout.split() == ["True", "True", "False"], script.stderr


PASSED_OVER = """
import importlib, sys
from qdiag.recording import frames, unseen_work
rules = importlib.import_module(sys.argv[1])
unseen_work.pass_over_frames(rules)
check = getattr(rules, "check_file", None) or rules.check
for name in (frames.MACHINERY, unseen_work.__file__, "/home/user/train.py"):
    print(getattr(check(name), "skipped", check(name)))
"""
"""In a process of its own, since the rules are torch's own and stay."""


def test_an_error_inside_leaves_the_modes_as_they_were(torch: Any) -> None:
    with pytest.raises(KeyError), Unseen():
        raise KeyError
    assert torch._C._is_torch_function_enabled()


@pytest.fixture
def another_thread() -> Iterator[None]:
    """One that sleeps, and that the kernel may hand a signal to."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    yield
    over.set()
    thread.join()


def to_this_thread() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGALRM)


def to_the_process() -> None:
    os.kill(os.getpid(), signal.SIGALRM)
    time.sleep(0.01)  # where another thread takes it


@pytest.mark.parametrize("alone", [True, False], ids=["where this thread is taken for the only one", "among others"])
@pytest.mark.parametrize("ring_at", [to_this_thread, to_the_process], ids=["to this thread", "to the process"])
@pytest.mark.usefixtures("another_thread")
def test_what_a_signal_handler_of_the_script_raises_reaches_the_script_and_not_the_recorder(
    ring_at: Callable[[], None], alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if alone and ring_at is to_the_process:
        pytest.skip("that is what setting handlers aside is for")
    monkeypatch.setattr(unseen_work, "_is_alone", lambda: alone)
    stopped: list[Exception] = []
    monkeypatch.setattr(current, "stop", stopped.append)
    done: list[str] = []

    def ring(number: int, frame: Any) -> None:
        raise TimeoutError("too long")

    def record(*given: Any) -> Any:
        ring_at()
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
        assert signal.getsignal(signal.SIGALRM) is ring
    finally:
        signal.signal(signal.SIGALRM, before)
    assert done == ["recorded", "called", "recorded", "recorded"]
    assert stopped == []
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_of_two_signals_the_second_is_heard_although_the_first_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unseen_work, "_is_alone", lambda: False)
    heard: list[int] = []

    def hear(number: int, frame: Any) -> None:
        heard.append(number)
        assert frame.f_globals is globals(), "it is told where the script is, not where the recorder is"
        if number == signal.SIGUSR1:
            raise TimeoutError

    numbers = (signal.SIGUSR2, signal.SIGUSR1)
    before = [signal.signal(number, hear) for number in numbers]
    try:
        with pytest.raises(TimeoutError):
            hooks.quietly(lambda: [signal.raise_signal(number) for number in numbers])
    finally:
        for number, handler in zip(numbers, before):
            signal.signal(number, handler)
    assert sorted(heard) == sorted(numbers)
