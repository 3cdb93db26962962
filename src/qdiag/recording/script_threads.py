"""The script's threads: their numbers, and whether two are inside of QNodes at once, of which PennyLane promises nothing.

What a quantum function asks for goes into a queue of the whole process, and a backward pass stops and continues the queueing. So calls
from several threads do no harm as long as they come one after another, as from an event loop that waits for each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class ScriptThreads:
    """Threads that QNodes are called from.

    Parameters
    ----------
    met
        Told once, when two threads are inside of calls or backward passes at the same time.
    """

    def __init__(self, met: Callable[[], None]) -> None:
        self._met = met
        self._numbers: dict[int, int] = {}
        self._calling: set[int] = set()
        self._passing: set[int] = set()
        self._have_met = False

    def forget(self) -> None:
        """Number them anew, in a process that was forked from theirs."""
        self._numbers, self._calling, self._passing = {}, set(), set()

    def number(self) -> int:
        """That of this thread, in the order in which they appeared."""
        return self._numbers.setdefault(threading.get_ident(), len(self._numbers))

    def call(self, under_way: bool) -> None:
        """Whether this thread is inside of a call from here on."""
        self._turn(self._calling, under_way)

    def go_back(self, under_way: bool) -> None:
        """Whether this thread is inside of a backward pass from here on."""
        self._turn(self._passing, under_way)

    def _turn(self, at_work: set[int], under_way: bool) -> None:
        if not under_way:
            at_work.discard(threading.get_ident())
            return
        at_work.add(threading.get_ident())
        if not self._have_met and len(self._calling | self._passing) > 1:
            self._have_met = True
            self._met()
