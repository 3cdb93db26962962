"""The end of a recording: what forked processes wrote is taken in, how the script ended is said, and one single file is left."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from qdiag.errors import TraceError
from qdiag.model.call import Event, Script
from qdiag.model.coverage import Gap, event_of
from qdiag.recording import probe_schedule, step_probe_files
from qdiag.trace import call_text, schema
from qdiag.trace.reader import Trace, single_file
from qdiag.trace.writer import TraceWriter


def side_path(path: Path, process: int) -> Path:
    """Where a process that the script forked records its calls until the trace is settled."""
    return path.with_name(f"{path.name}.process-{process}")


def settle(path: Path, script: Script) -> None:
    """End a recording: take in what forked processes recorded, say how the script ended, and leave one single file.

    Raises
    ------
    TraceError
        If the trace has become unreadable, or the disk is full.
    """
    probes = dict(probe_schedule.collect_probes(path))
    sides = sorted(path.parent.glob(f"{path.name}.process-*[0-9]"), key=_start_time)
    try:
        with closing(TraceWriter(path)) as writer:
            step_probes = tuple(
                step_probe_files.collect_step_probes(path, lambda number: writer.fact(step_probe_files.fact_of(number)))
            )
            if step_probes:
                writer.meta(schema.STEP_PROBES, call_text.text_of(step_probes))
        with closing(TraceWriter(path)) as writer, writer.transaction():
            for number, side in enumerate(sides, start=1):
                _take_in(writer, side, number)
            for index, probe in probes.items():
                writer.meta(f"probe-{index}", call_text.text_of(probe))
            stopped = _stop_reason(path)
            if stopped:
                text = f"The recording stopped before the script ended: {stopped}."
                writer.events([Event(event_of(Gap.STOPPED), writer.calls, text)])
            writer.meta("script", call_text.text_of(script))
            writer.meta("complete", "yes")
    except sqlite3.Error as error:
        raise TraceError(f"the trace {path} cannot be completed: {error}", "free some disk space and record again") from None
    for side in sides:
        _remove(side)
    with suppress(OSError):
        os.unlink(_mark(path))
    single_file(path)


def _take_in(writer: TraceWriter, side: Path, number: int) -> None:
    with suppress(TraceError), Trace.open(side) as trace:
        offset = writer.calls
        for call in trace.calls():
            parent = None if call.parent is None else call.parent + offset
            writer.write(replace(call, parent=parent, process=number))
        writer.events(_renumber(event, offset) for event in trace.events)


def _renumber(event: Event, offset: int) -> Event:
    """An event with the numbers that its calls have now."""
    of_call = event.kind == "backward warning" and event.number is not None
    return replace(event, after=event.after + offset, number=(event.number or 0) + offset if of_call else event.number)


def _start_time(side: Path) -> float:
    try:
        with closing(sqlite3.connect(side)) as database:
            return float(database.execute("SELECT text FROM meta WHERE name = 'started'").fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError):
        return float("inf")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            os.unlink(f"{path}{suffix}")


def _mark(path: Path) -> str:
    return f"{path}.stopped"


def mark_stopped(path: Path, reason: str) -> None:
    """Leave word that recording had to stop; a link needs no free block, so this works on a full disk."""
    with suppress(OSError):
        os.symlink(reason[:50], _mark(path))


def _stop_reason(path: Path) -> str:
    try:
        return os.readlink(_mark(path))
    except OSError:
        return ""
