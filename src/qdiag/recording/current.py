"""The recording that is in force in this process: what is wanted, and the recorder, once the first call has needed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from qdiag.recording import words_left


class Wanted(NamedTuple):
    """What is to be recorded: the trace's path ("" for nothing) and the script's folder.

    ``met`` is told of each QNode before its call; ``takes`` says of a QNode, at an optimiser step, whether its call is recorded.
    ``home`` is the process that the trace belongs to, where it need not be the one that makes the recorder: a worker that was forked
    before may be the first to call.
    """

    trace: str = ""
    folder: str = ""
    met: Optional[Callable[[Any], None]] = None
    takes: Optional[Callable[[Any, int], bool]] = None
    home: int = 0


recorder: Any = None
wanted = Wanted()
make: Optional[Callable[[], Any]] = None
"""Makes the recorder at the first need (see `first_need`)."""
MOST_EARLY = 100
"""Warnings before there is a recorder that are kept for it."""

early: list[str] = []
"""Warnings that were shown before there was a recorder, in order: the first of them, which it takes in when it is made."""


def whoever_records() -> Any:
    """The recorder, made now where something is to be recorded and there is none yet; None where nothing is."""
    return recorder if recorder is not None or make is None else make()


def exchange(other: Any, others: Wanted) -> tuple[Any, Wanted]:
    """Put another recording in force, and give the one that was: its recorder, if there is one yet, and what it is to record."""
    global recorder, wanted
    before = (recorder, wanted)
    recorder, wanted = other, others
    early.clear()
    return before


def stop(error: Exception) -> None:
    """What could not even start to record says so beside the trace."""
    if wanted.trace:
        words_left.mark_stopped(Path(wanted.trace), f"{type(error).__name__}: {error}")
