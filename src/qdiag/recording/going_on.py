"""Copies of this process that go on with the script from where it stands, one after the other; a keeper hears what they came to.

The keeper is a copy, too, so that the script waits for one fork only, however many copies go on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Optional

from qdiag.recording import forking


def go_on_in_copies(
    number: int, keep: int, seconds: int, told: Callable[[int, str], None], wants: Callable[[int], bool] = lambda copy: True
) -> tuple[int, int]:
    """Have copies of this process go on from here, one after the other; this process goes on at once.

    Parameters
    ----------
    number
        How many.
    keep
        The only open file that their keeper keeps.
    seconds
        After which no copy is left.
    told
        Takes, in the keeper, what each copy wrote to its pipe, or why it wrote nothing.
    wants
        Says, in the keeper, whether a copy is still worth its time.

    Returns
    -------
    tuple
        In a copy its number and its pipe; here -1 and 0, or -1 and 1 where this process could not be forked.
    """
    home = os.getpid()
    goes_on = False
    child = 0
    try:
        child = forking.fork_quietly()
        if child == 0:
            forking.step_apart((keep,), seconds + 1)
            found = _keep(number, seconds, told, wants)
            if found is None:
                os._exit(0)
            goes_on = True
            return found
    finally:
        if os.getpid() != home and not goes_on:
            os._exit(1)
    return -1, 0 if forking.reap_child(child) else 1


def _keep(number: int, seconds: int, told: Callable[[int, str], None], wants: Callable[[int], bool]) -> Optional[tuple[int, int]]:
    """In the keeper: start one copy after the other and hear from it; in a copy its number and its pipe."""
    import time

    until = time.monotonic() + seconds
    for position in range(number):
        left = until - time.monotonic()
        if left <= 0:
            break
        if not wants(position):
            continue
        read, write = os.pipe()
        copy = forking.fork_quietly()
        if copy == 0:
            os.close(read)
            signal.alarm(int(left) + 2)
            forking.end_with_parent()
            return position, write
        os.close(write)
        told(position, _hear(read, copy, until))
        os.close(read)
    return None


def _hear(read: int, copy: int, until: float) -> str:
    """What a copy wrote, or why it wrote nothing, after a mark that no copy writes."""
    import select
    import time

    text = b""
    while True:
        ready, _, _ = select.select([read], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)
            return SILENT + _LONG
        part = os.read(read, 65536)
        if not part:
            break
        text += part
    _, status = os.waitpid(copy, 0)
    if text:
        return text.decode(errors="replace")
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return SILENT + _ENDS.get(number, "it ended before its next loss")


SILENT = "-"
"""Before the reason why a copy wrote nothing."""

_LONG = "it took too long to come to a loss"
_ENDS: dict[int, str] = {
    signal.SIGSYS: forking.OUTSIDE,
    signal.SIGXCPU: _LONG,
    signal.SIGALRM: _LONG,
    signal.SIGKILL: _LONG,
}
