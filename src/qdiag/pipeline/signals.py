"""Requests to end that come from outside, by ``kill``, ``timeout``, a batch system or a terminal that closes: answered as Ctrl-C is.

Whatever Ctrl-C ends cleanly, keeping what is known and leaving no process behind, they end in the same way. Only the exit code differs.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qdiag.errors import ExitCode, Terminated, exit_code_of

NAMES = ("SIGTERM", "SIGHUP")

AGAIN = 2.0
"""Seconds after which a request that is made again interrupts again: a group of processes is often told twice."""

_heard: list[int] = []


@contextmanager
def answered_signals() -> Iterator[None]:
    """Answer them within, where they would end the process; what somebody ignores or hears already stays as it is."""
    _heard.clear()
    last = -AGAIN

    def end(number: int, frame: Any) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        _heard.append(number)
        if last - before >= AGAIN:
            raise Terminated(number)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name, None) for name in NAMES):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def code_of_interruption() -> ExitCode:
    """The exit code of work that was interrupted: by what was heard first, else by Ctrl-C."""
    return exit_code_of(_heard[0]) if _heard else ExitCode.INTERRUPTED
