"""The recording that is in force in this process: what is wanted, and the recorder, made when the first call needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional


class Wanted(NamedTuple):
    """What is to be recorded: the trace's path ("" for nothing) and the script's folder.

    ``met`` is told of each QNode before its call; ``takes`` says of a QNode, at an optimiser step, whether its call is recorded.
    """

    trace: str = ""
    folder: str = ""
    met: Optional[Callable[[Any], None]] = None
    takes: Optional[Callable[[Any, int], bool]] = None


recorder: Any = None
wanted = Wanted()


def ensure_recorder() -> Any:
    """The recorder, made at the first need: PennyLane is complete by then, and so is what the script imports.

    None where nothing is to be recorded.
    """
    global recorder
    if recorder is None and wanted.trace:
        from qdiag.recording.recorder import Recorder

        recorder = Recorder(Path(wanted.trace), wanted.folder, wanted.met, wanted.takes)
    return recorder


def exchange(other: Any, others: Wanted) -> tuple[Any, Wanted]:
    """Put another recording in force, and give the one that was: its recorder, if there is one yet, and what it is to record."""
    global recorder, wanted
    before = (recorder, wanted)
    recorder, wanted = other, others
    return before


def stop(error: Exception) -> None:
    """What could not even start to record says so beside the trace."""
    from qdiag.recording import settle

    if wanted.trace:
        settle.mark_stopped(Path(wanted.trace), f"{type(error).__name__}: {error}")
