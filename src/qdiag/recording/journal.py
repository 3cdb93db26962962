"""What a recorder has to say, and how it gets into the trace.

What comes between two calls waits for the next call and is committed with it: a commit takes longer than all the rest. Nothing here
raises: a file that cannot be written ends the recording, and whatever else goes wrong is a note.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path
from typing import Callable, Optional

from qdiag.model.call import Event, Failure
from qdiag.model.coverage import Gap, event_of
from qdiag.recording import backward, collector, ongoing_call, side_files, words_left
from qdiag.trace import schema
from qdiag.trace.held_writer import HeldWriter
from qdiag.trace.writer import TraceWriter

MAX_WAITING = 1000
"""Steps, losses and backward passes that wait for the next call before they are written without one."""

MAX_NOTES = 100
"""Notes of one kind of trouble are useful; thousands are not."""


class Journal:
    """The trace of one process while it is written.

    Parameters
    ----------
    path
        The trace.
    home
        The process that the trace belongs to; every other one writes beside it.
    settle
        Has the backward passes that nobody ends give what they brought (see `arrive`).
    opened
        Is told of the writer when there is one.

    Attributes
    ----------
    stopped
        Nothing is written any more.
    lock
        Held while something is written: threads take turns.
    """

    def __init__(self, path: Path, home: int, settle: Callable[[], None], opened: Callable[[HeldWriter], None]) -> None:
        self.path = path
        self.home = home
        self.stopped = False
        self.lock = threading.RLock()
        self._settle = settle
        self._opened = opened
        self._writer: Optional[HeldWriter] = None
        self._pending: list[Event] = []
        self._arrived: backward.Found = []
        self._notes = 0

    def after_fork(self) -> None:
        """In a forked child: the inherited database handle must never be used, nor closed."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self._pending = []
        self._arrived = []
        self.lock = threading.RLock()

    @property
    def at_home(self) -> bool:
        """Whether this is the process that the trace belongs to."""
        return os.getpid() == self.home

    @property
    def count(self) -> int:
        """How many calls were written so far."""
        return self._writer.calls if self._writer is not None else 0

    # --- what waits for the next call ----------------------------------------------------------------------------------

    def event(self, kind: str, text: str = "", number: Optional[float] = None) -> None:
        """Something that happened after the calls so far."""
        with self.lock:
            self._pending.append(Event(kind, self.count, text, number))
            if len(self._pending) > MAX_WAITING or not self.at_home:
                self.flush()

    def note(self, text: str) -> None:
        """Something that the user should know about the recording."""
        self._notes += 1
        if self._notes <= MAX_NOTES:
            self.event("note", text)

    def unseen(self, gap: Gap, text: str) -> None:
        """Something that the verdict is not about: in which way it was not seen, and what and why, as a whole sentence."""
        self._notes += 1
        self.event(event_of(gap), text if self._notes <= MAX_NOTES else "")

    def arrive(self, found: backward.Found) -> None:
        """What backward passes brought."""
        with self.lock:
            self._arrived += found
            if len(self._arrived) > MAX_WAITING or not self.at_home:
                self.write(lambda writer: None)

    # --- writing -------------------------------------------------------------------------------------------------------

    def call(self, done: ongoing_call.Done) -> None:
        """A call that is over, with those inside of it. What goes wrong is raised: only the caller knows what is lost."""
        with self.lock:
            self._settle()
            writer = self._ready()
            with writer.transaction():
                self._write_waiting(writer)
                _write_tree(writer, done, None)

    def failure(self, index: Optional[int], failure: Failure) -> None:
        """The way back through a call that is written raised."""
        with self.lock:
            if index is not None and not self.stopped:
                self.write(lambda writer: writer.failure(index, failure))

    def fact(self, name: str, text: str) -> None:
        """A fact about the whole recording."""
        with self.lock:
            self.write(lambda writer: writer.meta(name, text))

    def write(self, write: Callable[[TraceWriter], object]) -> None:
        """Write something, and what waits before it."""
        if self.stopped:
            return
        try:
            writer = self._ready()
            with writer.transaction():
                self._write_waiting(writer)
                write(writer)
        except Exception as error:
            self._trouble(error)

    def flush(self) -> None:
        """Write what waits for the next call."""
        with self.lock:
            self._settle()
            if self._pending or self._arrived:
                self.write(lambda writer: None)

    def end(self) -> None:
        """The process ends: nothing is left to those who settle the trace that can be committed now."""
        self.flush()
        with self.lock:
            if self._writer is None or self.stopped:
                return
            if self.at_home:
                self.write(lambda writer: writer.meta(schema.ENDED, "yes"))
            try:
                self._writer.save()
            except Exception as error:
                self._trouble(error)

    def close(self) -> None:
        """Let go of the file, after `end`."""
        self.stopped = True
        if self._writer is not None:
            self._writer.close()

    def gives_up(self, error: Exception) -> bool:
        """Whether an error ends the recording, which it then does: a file that cannot be written, or that was settled meanwhile."""
        if isinstance(error, side_files.SettledError):
            self.stopped = True
        elif isinstance(error, (sqlite3.Error, OSError)):
            self.stopped = True
            words_left.mark_stopped(self.path, str(error))
        return self.stopped

    def _trouble(self, error: Exception) -> None:
        if not self.gives_up(error):
            self.unseen(Gap.NO_FACTS, f"Something between two calls was not recorded: {words_of(error)}.")

    def _ready(self) -> HeldWriter:
        if self._writer is None:
            with collector.pause_collector():
                self._writer = self._make_writer()
                self._opened(self._writer)
        return self._writer

    def _make_writer(self) -> HeldWriter:
        if self.at_home:
            writer = HeldWriter(self.path)
            if not writer.calls:
                return writer
            # of the program that this one has replaced: their numbers would be mixed up
            writer.close()
            self.home = 0
        return HeldWriter(side_files.make_side_file(self.path))

    def _write_waiting(self, writer: TraceWriter) -> None:
        for returned, number, brought in self._arrived:
            if returned.index is not None:
                writer.backward(returned.index, number, brought)
        writer.events(self._pending)
        self._arrived.clear()
        self._pending.clear()


def words_of(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}".split("\n")[0][:300]


def _write_tree(writer: TraceWriter, done: ongoing_call.Done, parent: Optional[int]) -> None:
    index = writer.append(done.entry if parent is None else done.entry._replace(parent=parent))
    done.returned.index = index
    for child in done.children:
        _write_tree(writer, child, index)
