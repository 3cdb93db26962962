"""A limit on what a piece of foreign code may compute, by the clock of processor time: whatever it catches, it ends."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class OutOfTime(BaseException):
    """What runs has used up its processor time; no ``except Exception`` on the way may keep it."""


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """End what runs inside by `OutOfTime` when this process has computed for so long; without limit where that clock is not ours."""
    if not math.isfinite(seconds) or not _has_free_clock():
        yield
        return

    def end(number: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def _has_free_clock() -> bool:
    """Whether this thread may set the clock of processor time, and no profiler uses it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
