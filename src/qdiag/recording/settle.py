"""The end of a recording: what other processes wrote is taken in, how the script ended is said, and one single file is left."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Callable, Optional

from qdiag.errors import TraceError
from qdiag.model.call import Event, Script
from qdiag.model.coverage import Gap, event_of
from qdiag.model.probe import Probe
from qdiag.recording import probe_files, side_files, step_probe_files
from qdiag.recording.words_left import STOPPED, UNREACHED, mark_stopped, read_link
from qdiag.trace import call_text, schema, tail_file
from qdiag.trace.connection import single_file
from qdiag.trace.writer import TraceWriter

_UNREACHED = "The script started a Python process that takes nothing from its environment ({}): QNode calls in it are not recorded."

_NO_GOODBYE = (
    "The script's process ended well and without a word to the recorder, as where another program takes its place: "
    "what followed its last call is not recorded."
)


BY_CTRL_C = (-signal.SIGINT, 128 + signal.SIGINT)
"""Exit codes of a script that Ctrl-C ended."""


def settle(path: Path, script: Script, meanwhile: Optional[Callable[[], Any]] = None, patience: float = math.inf) -> None:
    """End a recording: take in what other processes recorded, say how the script ended, and leave one single file.

    Parameters
    ----------
    path, script
        The trace, and the script with its end.
    meanwhile
        Called again and again while probes are waited for.
    patience
        Seconds for which they are waited for at most.

    Raises
    ------
    TraceError
        If the trace has become unreadable, or the disk is full.
    """
    until = time.monotonic() + patience
    patience = min(patience, probe_files.HASTE if script.exit_code in BY_CTRL_C else probe_files.PATIENCE)
    probes = dict(probe_files.collect_probes(path, patience, _pause(meanwhile)))
    sides = side_files.sides_of(path)
    try:
        if not path.exists():
            # to open it would make an empty one
            cure = "leave its folder where it is while the script runs, and record again"
            raise TraceError(f"the trace {path} cannot be completed: it is not there any more", cure)
        with closing(TraceWriter(path)) as writer:
            step_probes = tuple(
                step_probe_files.collect_step_probes(
                    path,
                    lambda number: writer.fact(step_probe_files.fact_of(number)),
                    patience=min(step_probe_files.PATIENCE, max(0.0, until - time.monotonic())),
                )
            )
            if step_probes:
                writer.meta(schema.STEP_PROBES, call_text.text_of(step_probes))
            with writer.transaction():
                if not writer.fact("complete"):  # else all has been done, and what follows was interrupted
                    _complete(writer, path, script, sides, probes)
    except (sqlite3.Error, OSError) as error:
        mark_stopped(path, str(error))
        raise TraceError(f"the trace {path} cannot be completed: {error}", "free some disk space and record again") from None
    for side in sides:
        _remove(side.path)
    for suffix in (STOPPED, UNREACHED):
        with suppress(OSError):
            os.unlink(f"{path}{suffix}")
    single_file(path)


def _complete(writer: TraceWriter, path: Path, script: Script, sides: Sequence[side_files.Side], probes: Mapping[int, Probe]) -> None:
    """What the trace of a script is completed by, once that has ended."""
    stopped = read_link(path)
    if not stopped and script.exit_code == 0 and writer.fact("environment") and not writer.fact(schema.ENDED):
        writer.events([Event(event_of(Gap.PROCESS), writer.calls, _NO_GOODBYE)])
    unreached = read_link(path, UNREACHED)
    if unreached:
        writer.events([Event(event_of(Gap.PROCESS), writer.calls, _UNREACHED.format(unreached))])
    side_files.take_in(writer, sides)
    for index, probe in probes.items():
        writer.meta(f"probe-{index}", call_text.text_of(probe))
    if stopped:
        text = f"The recording stopped before the script ended: {stopped}."
        writer.events([Event(event_of(Gap.STOPPED), writer.calls, text)])
    writer.meta("script", call_text.text_of(script))
    writer.meta("complete", "yes")


def _pause(meanwhile: Optional[Callable[[], Any]]) -> Callable[[float], Any]:
    """What is done between two looks at the probes: something useful, or nothing for so long."""

    def pause(seconds: float) -> None:
        if meanwhile is None or not meanwhile():
            time.sleep(seconds)

    return pause


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", tail_file.SUFFIX):
        with suppress(OSError):
            os.unlink(f"{path}{suffix}")
