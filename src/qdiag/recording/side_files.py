"""Processes beside the script's own: each records into a file of its own beside the trace, until the trace is settled.

A file for each, since none may use the database handle of another, nor its numbers. In the end they are taken in, the processes in an
order that is the same at each run, as far as their names tell.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from qdiag.errors import TraceError
from qdiag.model.call import Event, Process, Script
from qdiag.model.coverage import Gap, event_of, gap_of
from qdiag.trace import call_text, schema
from qdiag.trace.writer import TraceWriter, create

if TYPE_CHECKING:
    from qdiag.trace.reader import Trace

PATIENCE = 2.0
"""Seconds that a process has to end after the script."""

_OF_CALL = frozenset({"backward warning", schema.NAMED})
"""Kinds of events whose number is that of a call."""

_TOLD = frozenset({"note", "warning", "backward warning", "shown", "unrecorded", schema.NAMED})
"""Kinds of events that are kept of every process. The facts of a training are kept of one alone: its numbers would be mixed up."""


class SettledError(Exception):
    """The trace was settled before this process came to record anything."""


# --- in the process that records --------------------------------------------------------------------------------------


def side_path(trace: Path, process: int) -> Path:
    """Where another process than the script's own records its calls."""
    return trace.with_name(f"{trace.name}.process-{process}")


def make_side_file(trace: Path) -> Path:
    """Make the file of this process.

    Raises
    ------
    SettledError
        If nobody would take it in.
    """
    with closing(sqlite3.connect(trace.resolve().as_uri() + "?mode=ro", uri=True)) as database:
        if database.execute("SELECT text FROM meta WHERE name = 'complete'").fetchone():
            raise SettledError
    path, again = side_path(trace, os.getpid()), 0
    while path.exists():  # a number is given to another process once its first one has ended
        again += 1
        path = trace.with_name(f"{trace.name}.process-{os.getpid()}-{again}")
    create(path, Script(""), **{schema.PROCESS_NAME: process_name()})
    return path


def process_name() -> str:
    """What this process is called by whoever started it: its rank, its name among the workers, or the script that it runs."""
    rank = os.environ.get("RANK", "") if "WORLD_SIZE" in os.environ else ""
    module: Any = sys.modules.get("multiprocessing.process")
    name = "MainProcess" if module is None else str(module.current_process().name)
    words = [f"rank {rank}"] if rank.isdigit() else []
    words += [name] if name != "MainProcess" else []
    if words:
        return ", ".join(words)
    first = str(getattr(sys, "argv", [""])[0])
    return f"python {first}" if first in ("-c", "-m", "") else os.path.basename(first)


# --- once the script has ended ----------------------------------------------------------------------------------------


class Side(NamedTuple):
    """A file beside a trace, and the process that wrote it."""

    path: Path
    process: int
    name: str
    started: float

    @property
    def place(self) -> tuple[list[tuple[int, str]], float]:
        """Where it stands among the others: by name, numbers in it as numbers, then by time."""
        words = [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"(\d+)", self.name)]
        return words, self.started


def sides_of(trace: Path) -> list[Side]:
    """The files beside a trace, in order."""
    pattern = re.compile(re.escape(trace.name) + r"\.process-(\d+)(?:-\d+)?")
    found = ((path, pattern.fullmatch(path.name)) for path in trace.parent.glob(f"{trace.name}.process-*"))
    sides = [Side(path, int(match[1]), *_name_and_start(path)) for path, match in found if match]
    return sorted(sides, key=lambda side: side.place)


def _name_and_start(path: Path) -> tuple[str, float]:
    with suppress(sqlite3.Error, TypeError, ValueError), closing(sqlite3.connect(path)) as database:
        facts = dict(database.execute("SELECT name, text FROM meta WHERE name IN ('started', ?)", (schema.PROCESS_NAME,)))
        return str(facts.get(schema.PROCESS_NAME, "")), float(facts["started"])
    return "", float("inf")


def wait_for_ends(sides: Iterable[Side], pause: Callable[[float], Any] = time.sleep) -> list[Side]:
    """Those of the processes that do not end, although the script has."""
    until = time.monotonic() + PATIENCE
    running = [side for side in sides if is_running(side.process)]
    while running and time.monotonic() < until:
        pause(0.05)
        running = [side for side in running if is_running(side.process)]
    return running


def is_running(process: int) -> bool:
    """Whether a process is there, and is no zombie."""
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    with suppress(OSError, IndexError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return True


def take_in(writer: TraceWriter, sides: Iterable[Side]) -> None:
    """Append what other processes recorded; inside a transaction.

    Where the script's own process made no call, the first of the others stands in its place: with the facts of its training.
    """
    # the script's own process, which makes such files, never reads them
    from qdiag.trace.reader import Trace

    sides = list(sides)
    running = wait_for_ends(sides)
    processes = [Process("", 0, writer.calls)] if writer.calls else []
    untold = []
    for side in sides:
        name, first = side.name or f"process {side.process}", writer.calls
        try:
            with suppress(sqlite3.Error):
                # also where that process goes on: what it has called is here
                TraceWriter(side.path).close()
            with Trace.open(side.path) as trace:
                untold += [name] if processes and any(event.kind == "step" for event in trace.events) else []
                _append(writer, trace, len(processes))
        except TraceError as error:
            writer.events([_unseen(Gap.PROCESS, writer, f"What {name} recorded is not whole: {error.cause}.")])
        if writer.calls > first:
            processes.append(Process(name, first, writer.calls - first))
        if side in running:
            text = f"The process {name} was still running when the script had ended: what it called after that is not recorded."
            writer.events([_unseen(Gap.PROCESS, writer, text)])
    if untold:
        text = f"The training around the QNodes was looked at in one process only, and not in {', '.join(untold)}."
        writer.events([_unseen(Gap.NO_FACTS, writer, text)])
    if len(processes) > 1 or any(process.name for process in processes):
        writer.meta(schema.PROCESSES, call_text.text_of(tuple(processes)))


def _unseen(gap: Gap, writer: TraceWriter, text: str) -> Event:
    return Event(event_of(gap), writer.calls, text)


def _append(writer: TraceWriter, trace: Trace, number: int) -> None:
    offset = writer.calls
    if not writer.fact("environment"):
        writer.meta("environment", call_text.text_of(trace.environment))
    for call in trace.calls():
        parent = None if call.parent is None else call.parent + offset
        writer.write(replace(call, parent=parent, process=number))
    writer.events(_events(trace.events, offset, everything=number == 0))


def _events(events: Iterable[Event], offset: int, *, everything: bool) -> Iterator[Event]:
    """Events with the numbers that their calls have now."""
    for event in events:
        if not everything and event.kind not in _TOLD and gap_of(event.kind) is None:
            continue
        of_call = event.kind in _OF_CALL and event.number is not None
        yield replace(event, after=event.after + offset, number=(event.number or 0) + offset if of_call else event.number)
