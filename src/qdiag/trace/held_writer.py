"""A writer that gathers what it is given and commits it together: what records a script, for which a commit a call is too dear.

What is gathered stands in the trace's tail (see `tail_file`), a copy for each transaction: a kill costs at most the call in flight, as
if each were committed. Where little comes, each transaction is committed as it comes; whoever reads a trace that grows is behind by no
more than `SECONDS` of a script that goes on calling.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from qdiag.trace import schema, tail_file
from qdiag.trace.schema import STATEMENTS
from qdiag.trace.writer import TraceWriter

SECONDS = 0.2
"""What comes sooner after a commit waits for more."""

MOST_ROWS = 2000
"""Rows that wait at most."""


class HeldWriter(TraceWriter):
    """Appends to a trace that `create` made. Every method may raise ``sqlite3.Error`` or ``OSError``; what was appended stays.

    Parameters
    ----------
    path
        The trace.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._tail = tail_file.TailFile(path)
        self._number = tail_file.last_commit(self._database) + 1
        self._held: list[tail_file.Row] = []
        self._begun = 0
        self._next = 0.0

    def begin(self) -> None:
        """Start a transaction."""
        self._mark = (len(self._structures.ids), len(self._descriptions.ids), self.calls)
        self._begun = len(self._held)

    def commit(self) -> None:
        """End it well: it is in the tail."""
        fresh = self._held[self._begun :]
        if not fresh:
            return
        try:
            room = self._tail.append(self._number, fresh)
        except Exception:
            self.undo()
            raise
        if not room or time.monotonic() >= self._next or len(self._held) > MOST_ROWS:
            self.save()

    def undo(self) -> None:
        """Forget what was written since `begin`."""
        structures, descriptions, self.calls = self._mark
        self._structures.shorten(structures)
        self._descriptions.shorten(descriptions)
        del self._held[self._begun :]

    def save(self) -> None:
        """Commit what was gathered."""
        if not self._held:
            return
        self._hold_files()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            # whoever settled the trace while this process went on has taken the tail in already
            if tail_file.last_commit(self._database) < self._number:
                for statement, rows in groupby(self._held, itemgetter(0)):
                    self._database.executemany(STATEMENTS[statement], [row for _, row in rows])
                self._database.execute(STATEMENTS[schema.META], (schema.TAIL, str(self._number)))
            self._database.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise
        self._number += 1
        self._held.clear()
        self._tail.empty()
        self._next = time.monotonic() + SECONDS

    def fact(self, name: str) -> str:
        """A fact about the whole recording, or ""."""
        self.save()
        return super().fact(name)

    def abandon(self) -> None:
        """Never again touch the database, nor close it: not even when nobody holds it any more."""
        self._held.clear()
        super().abandon()

    def close(self) -> None:
        """Let go of the files."""
        with suppress(sqlite3.Error):
            self.save()
            self._tail.close()
        super().close()

    def _put(self, statement: int, row: tuple[Any, ...]) -> None:
        self._held.append((statement, row))
