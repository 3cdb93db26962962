"""Our own work on the script's tensors, which the script's modes, subclasses and compilers do not see.

A mode that counts what torch is asked to do is to count what the script asks, not that a recorder detaches an output; and a function
that ``torch.jit.trace`` or ``torch.compile`` makes another one of is to do what the script's does. Where torch has no such switch,
nothing changes. Loads no framework: torch is looked up where the script has loaded it.

Nor is it disturbed by the script's signal handlers: one that raises (a time limit by ``SIGALRM``) would be taken for a fault of
ours, and its exception would never reach the script. They run when our work is done. Where this thread is the only one, the signals
are blocked for so long. Where there are others the kernel would hand them to one of these, and Python would run the handler here
all the same: there the handlers themselves are set aside.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from typing import Any, NamedTuple, Optional

from qdiag.recording import frames

_MAIN = threading.main_thread().ident
"""The thread in which signal handlers run."""

_HANDLED = tuple(
    getattr(signal, name)
    for name in ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
)
"""Signals for which scripts have handlers."""

_plain: Any = sys.modules.get("_signal", signal)
"""What ``signal`` wraps: at every hook there is no time to make an enumeration of each answer."""

_getsignal, _ident = _plain.getsignal, threading.get_ident


def _is_alone() -> bool:
    """Whether this process has one thread, those of libraries counted."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


class _SetAside:
    """The script's signal handlers, while others only take note; `put_back` has them hear what came."""

    def __init__(self) -> None:
        self._handlers = {number: handler for number in _HANDLED if callable(handler := _getsignal(number))}
        self._heard: dict[int, Any] = {}
        for number in self._handlers:
            _plain.signal(number, self._hear)

    def _hear(self, number: int, frame: Any) -> None:
        self._heard[number] = frame

    def put_back(self) -> None:
        for number, handler in self._handlers.items():
            _plain.signal(number, handler)
        self._tell()

    def _tell(self) -> None:
        if not self._heard:
            return
        number, frame = self._heard.popitem()
        while frame is not None and frames.is_ours(frame):
            frame = frame.f_back
        try:
            self._handlers[number](number, frame)
        finally:
            self._tell()


class Unseen:
    """A context without state of its own to share: one for each use."""

    __slots__ = ("_back", "_functions")

    def __init__(self) -> None:
        self._functions: Any = None
        self._back: Optional[list[partial[Any]]] = None

    def __enter__(self) -> None:
        if _ident() == _MAIN and any(map(callable, map(_getsignal, _HANDLED))):
            # what has come meanwhile is heard when all is back, and what a handler raises goes on to the script
            if _is_alone():
                self._later(_plain.pthread_sigmask, signal.SIG_SETMASK, _plain.pthread_sigmask(signal.SIG_BLOCK, _HANDLED))
            else:
                self._later(_SetAside().put_back)
        torch = _switches if _switches.guard is not None else _find_switches()
        if torch.guard is None:
            return
        if torch.profiling():
            torch.profile(False)
            self._later(torch.profile, True)
        traced = torch.tracing()
        if traced is not None:
            torch.trace_on(None)
            self._later(torch.trace_on, traced)
        if _DYNAMO in sys.modules:
            self._later(torch.compile_with, torch.compile_with(None))
        if torch.dispatch_modes is not None and torch.dispatch_modes():
            self._leave_modes()
        self._functions = torch.guard()
        self._functions.__enter__()

    def __exit__(self, *exception: object) -> None:
        if self._functions is not None:
            self._functions.__exit__(None, None, None)
        if self._back is not None:
            for put_back in reversed(self._back):
                put_back()

    def _leave_modes(self) -> None:
        dispatching: Any = sys.modules.get("torch.utils._python_dispatch")
        leave: Optional[Any] = getattr(dispatching, "_disable_current_modes", None)
        if leave is not None:
            modes = leave()
            modes.__enter__()
            self._later(modes.__exit__, None, None, None)

    def _later(self, function: Any, *values: Any) -> None:
        """Have something put back at the end, the last first."""
        if self._back is None:
            self._back = []
        self._back.append(partial(function, *values))


class _Switches(NamedTuple):
    """What of torch is turned off, and asked whether it is on: once torch is loaded it stays the same."""

    guard: Any = None
    """For function modes and subclasses."""
    dispatch_modes: Any = None
    """How many there are."""
    tracing: Any = lambda: None
    """What ``torch.jit.trace`` is making, or None."""
    trace_on: Any = None
    """Has it note what is done from here on, or with None nothing."""
    compile_with: Any = lambda callback: None
    """Has ``torch.compile`` handed the functions that are called from here on, or with None none; gives what it had before."""
    profiling: Any = lambda: False
    """Whether torch's profiler is at work."""
    profile: Any = None
    """Has it count what is done from here on, or not."""


_NOT_LOADED = _Switches()

_switches = _NOT_LOADED

_DYNAMO = "torch._dynamo"
"""Is loaded where ``torch.compile`` is used."""


def _find_switches() -> _Switches:
    global _switches
    inner = getattr(sys.modules.get("torch"), "_C", None)
    guard = getattr(inner, "DisableTorchFunction", None)
    if guard is None:
        return _NOT_LOADED
    evaluation, passes = getattr(getattr(inner, "_dynamo", None), "eval_frame", None), getattr(inner, "_autograd", None)
    profile = getattr(passes, "_enable_record_function", None)
    _switches = _Switches(
        guard,
        getattr(inner, "_len_torch_dispatch_stack", None),
        getattr(inner, "_get_tracing_state", _NOT_LOADED.tracing),
        getattr(inner, "_set_tracing_state", None),
        getattr(evaluation, "set_eval_frame", _NOT_LOADED.compile_with),
        _NOT_LOADED.profiling if profile is None else getattr(passes, "_profiler_enabled", _NOT_LOADED.profiling),
        profile,
    )
    return _switches


def pass_over_frames(rules: Any) -> None:
    """Have ``torch.compile`` run our own functions as they are: what it would make of them, it would make a part of the script's.

    Parameters
    ----------
    rules
        The module ``torch._dynamo.trace_rules``; up to torch 2.2 ``torch._dynamo.skipfiles`` has such rules, or both have.
    """
    forced, prefixes, add = getattr(rules, "FORCE_SKIP_FILES", None), getattr(rules, "SKIP_DIRS", None), getattr(rules, "add", None)
    if forced is not None:
        forced.add(frames.MACHINERY)
    elif prefixes is not None:
        # one expression is made of them when the next module is added
        prefixes.append(frames.MACHINERY)
    if add is not None:
        add("qdiag")
