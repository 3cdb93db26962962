"""Our own work on the script's tensors, unseen by the script's function modes, dispatch modes and tensor subclasses.

A mode that counts what torch is asked to do is to count what the script asks, not that a recorder detaches an output. Where torch
has no such switch, nothing changes. Loads no framework: it is looked up where the script has loaded it.

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
from typing import Any, Optional

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

    __slots__ = ("_functions", "_handlers", "_mask", "_modes")

    def __init__(self) -> None:
        self._functions: Any = None
        self._modes: Any = None
        self._mask: Any = None
        self._handlers: Optional[_SetAside] = None

    def __enter__(self) -> None:
        if _ident() == _MAIN and any(map(callable, map(_getsignal, _HANDLED))):
            if _is_alone():
                self._mask = _plain.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
            else:
                self._handlers = _SetAside()
        guard, count = _switches or _find_switches()
        if guard is None:
            return
        if count is not None and count():
            dispatching: Any = sys.modules.get("torch.utils._python_dispatch")
            modes: Optional[Any] = getattr(dispatching, "_disable_current_modes", None)
            if modes is not None:
                self._modes = modes()
                self._modes.__enter__()
        self._functions = guard()
        self._functions.__enter__()

    def __exit__(self, *exception: object) -> None:
        if self._functions is not None:
            self._functions.__exit__(None, None, None)
        if self._modes is not None:
            self._modes.__exit__(None, None, None)
        if self._mask is not None:
            # what has come meanwhile is heard here, and what a handler raises goes on to the script
            _plain.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        if self._handlers is not None:
            self._handlers.put_back()


_switches: tuple[Any, Any] = ()  # type: ignore[assignment]
"""Torch's switch for function modes and subclasses, and what counts its dispatch modes: once torch is loaded they stay the same."""


def _find_switches() -> tuple[Any, Any]:
    global _switches
    inner = getattr(sys.modules.get("torch"), "_C", None)
    guard = getattr(inner, "DisableTorchFunction", None)
    if guard is None:
        return None, None
    _switches = guard, getattr(inner, "_len_torch_dispatch_stack", None)
    return _switches
