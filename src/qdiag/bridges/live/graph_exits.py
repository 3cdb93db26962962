"""Whether a script calls anything, on the way to its loss, by which numbers can leave the graph without a word.

For the script's own process: Python's own profiler counts what a thread calls, and by whom. So no function is put in another's place,
nothing is computed, and no copy of the process is made. It sees no arguments: whether anything is dropped, and whether it matters, is
for `gradient_stops` to see, in a copy.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple, Union

from qdiag.bridges.live.gradient_stops import LIBRARIES, NEW, TAKEN_OUT

MOST_SECONDS = 5.0
"""How long one look goes on, where QNodes are called meanwhile: after its last loss a script may go on for hours."""

_BUILT_IN = re.compile(r"method '?(?:(?P<module>[\w.]+)\.)?(?P<name>\w+)'?")
_LOADERS = os.path.join("torch", "utils", "data", "")
"""What a data loader makes tensors of has no graph."""

Code = Union[CodeType, str]
"""A function, or the profiler's words for one that is not written in Python."""


class Called(NamedTuple):
    """A function, how often it was called, and how often by which others."""

    function: Code
    times: int
    by: tuple[tuple[Code, int], ...] = ()


class ExitWatch:
    """One look at what this thread calls, but for the times at which it is told to listen to nothing."""

    def __init__(self) -> None:
        import cProfile

        # from Python 3.12 on a process has one such profiler, and a script that starts its own would be refused
        self._profile: Any = cProfile.Profile() if sys.version_info < (3, 12) else None
        self._thread = threading.get_ident()
        self._over = self._profile is None
        self._until = time.perf_counter() + MOST_SECONDS
        self.listens = False
        self.met = False

    def resume(self) -> None:
        """Listen from here on."""
        if self._over or self.listens or self._profile is None or threading.get_ident() != self._thread:
            return
        if sys.getprofile() is not None or time.perf_counter() > self._until:
            # the script has a profiler of its own, or comes to no loss
            self._over = True
            return
        self.listens = True
        self._profile.enable()

    def pause(self) -> None:
        """Listen to nothing until it is resumed."""
        if not self.listens or self._profile is None or threading.get_ident() != self._thread:
            return
        self.listens = False
        there: Any = sys.getprofile()
        if there is self._profile:
            self._profile.disable()
        else:
            # another has taken its place, and would be turned off with it
            self._over = True
            _kept.append(self._profile)

    def end(self) -> bool:
        """Listen no longer: whether all was heard, and nothing was called by which numbers leave the graph."""
        heard = self.listens
        self.pause()
        heard, self._over = heard and not self.listens and not self._over, True
        return heard and not self.met and not any(map(is_exit, called(self._profile)))


_kept: list[Any] = []
"""Profilers that would turn off whatever profiler there is if they were freed."""


def called(profile: Any) -> Iterator[Called]:
    """What a profiler of Python's has counted."""
    callers: dict[Code, list[tuple[Code, int]]] = {}
    entries = profile.getstats()
    for entry in entries:
        for inner in entry.calls or ():
            callers.setdefault(inner.code, []).append((entry.code, inner.callcount))
    return (Called(entry.code, entry.callcount, tuple(callers.get(entry.code, ()))) for entry in entries)


def is_exit(seen: Called) -> bool:
    """Whether numbers may have left the graph by a function."""
    if not isinstance(seen.function, str):
        # the forward of a function that has a backward of its own
        return any(_name_of(by) == "apply" for by, _ in seen.by) and not _is_of_library(seen.function)
    built_in = _BUILT_IN.search(seen.function)
    if built_in is None or (built_in["module"] or "").startswith("numpy"):
        return False
    if built_in["name"] in TAKEN_OUT:
        return "numpy." not in seen.function
    return built_in["name"] in NEW and seen.times > _by_loaders(seen.by)


def _name_of(function: Code) -> str:
    built_in = _BUILT_IN.search(function) if isinstance(function, str) else None
    return built_in["name"] if built_in is not None else ""


def _by_loaders(callers: Iterable[tuple[Code, int]]) -> int:
    return sum(times for by, times in callers if not isinstance(by, str) and _LOADERS in by.co_filename)


def _is_of_library(function: CodeType) -> bool:
    roots = (getattr(sys.modules.get(name), "__file__", None) for name in LIBRARIES)
    return any(root and function.co_filename.startswith(os.path.dirname(root) + os.sep) for root in roots)
