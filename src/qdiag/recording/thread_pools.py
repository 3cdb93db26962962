"""Pools of threads in a copy of a process: their threads are gone there, and without new ones whoever asks a pool waits for ever.

Libraries keep a pool at the level of a module, and have it work for each of their calls (a simulator that runs its jobs in one).
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import Any


def begin_anew() -> None:
    """In a forked child: have the pools of ``concurrent.futures`` forget their threads and what waited for these.

    A pool starts a thread by itself where it knows of none that is free.
    """
    futures: Any = sys.modules.get("concurrent.futures.thread")
    for thread in list(getattr(futures, "_threads_queues", ())):
        # a worker's first argument refers to its pool, in every version
        with suppress(Exception):
            _begin_anew(thread._args[0]())


def _begin_anew(pool: Any) -> None:
    if pool is not None and not any(thread.is_alive() for thread in pool._threads):
        pool._threads.clear()
        pool._idle_semaphore = threading.Semaphore(0)
        pool._work_queue = type(pool._work_queue)()
