"""The tail of a trace: what was recorded and is not in the database yet, in a file beside it.

A commit of the database takes as long as all the rest of recording a call. So the recorder copies each unit here, gathers units, and
commits them together. The file is mapped into memory: a copy takes no system call, and survives whatever ends the process; nor is there
an open file that the script could close, or put another in the place of. Whoever opens a trace that nobody writes any more takes the
tail in. Units are numbered by the commit that they wait for: one that the database knows of is taken in no second time. Nothing in the
file is believed: a check for each unit tells what was cut off, and rows that the database does not take end the tail.
"""

from __future__ import annotations

import errno
import mmap
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional
from zlib import crc32

from qdiag.trace import bound
from qdiag.trace.schema import META, STATEMENTS, TAIL

SUFFIX = ".tail"

ROOM = 1 << 18
"""Bytes of a tail."""

Row = tuple[int, tuple[Any, ...]]
"""The number of one of `schema.STATEMENTS`, and what it is given."""


class Unit(NamedTuple):
    """Rows that go into the database together or not at all, and the number of the commit that they wait for."""

    commit: int
    rows: tuple[Row, ...]


def tail_path(trace: Path) -> Path:
    """Where the tail of a trace is."""
    return trace.with_name(trace.name + SUFFIX)


# --- writing -----------------------------------------------------------------------------------------------------------


class TailFile:
    """Writes the tail of a trace.

    Parameters
    ----------
    trace
        The trace.

    Raises
    ------
    OSError
        If there is no room on the disk.
    """

    def __init__(self, trace: Path) -> None:
        self._path = tail_path(trace)
        file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # room that is not there when it is written to would end the process
            if os.write(file, bytes(ROOM)) != ROOM:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._memory = mmap.mmap(file, ROOM)
        finally:
            os.close(file)
        self._at = 0
        self._blobs: list[bytes] = []
        self._encode = bound.json_encoder(self._blob)

    def append(self, commit: int, rows: Sequence[Row]) -> bool:
        """Append a unit; whether there was room for it."""
        self._blobs.clear()
        body = b"".join(["".join(self._encode(rows, 0)).encode(), b"\n", *self._blobs])
        unit = b"%d %d %d\n%b" % (commit, len(body), crc32(body), body)
        end = self._at + len(unit)
        if end > ROOM:
            return False
        self._memory[self._at : end] = unit
        self._at = end
        return True

    def empty(self) -> None:
        """All of it is in the database, which knows by the units' number."""
        self._at = 0

    def close(self) -> None:
        """Let go of the file, and remove it."""
        self._memory.close()
        with suppress(OSError):
            os.unlink(self._path)

    def _blob(self, value: Any) -> list[int]:
        """Bytes stand behind the text, which says how many they are."""
        if not isinstance(value, bytes):
            raise TypeError(f"a {type(value).__name__} is no part of a row")
        self._blobs.append(value)
        return [len(value)]


# --- reading -----------------------------------------------------------------------------------------------------------


def units_of(data: bytes) -> Iterator[Unit]:
    """The whole units at the beginning of a tail; what was cut off by a crash is left out, and so is all after it."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        unit = _unit(data, at, end)
        if unit is None:
            return
        yield unit
        at = end + 1 + int(data[at:end].split()[1])


def _unit(data: bytes, at: int, end: int) -> Optional[Unit]:
    try:
        commit, length, check = map(int, data[at:end].split())
        body = data[end + 1 : end + 1 + length]
        if end < 0 or length < 1 or len(body) != length or crc32(body) != check:
            return None
        text, _, blobs = body.partition(b"\n")
        rows, place = [], 0
        for number, row in bound.loads(text):
            values = []
            for value in row:
                if isinstance(value, list):
                    (size,) = value
                    values.append(blobs[place : place + int(size)])
                    place += int(size)
                else:
                    values.append(value)
            rows.append((int(number), tuple(values)))
        return Unit(commit, tuple(rows))
    except (ValueError, TypeError, RecursionError):
        return None


def take_in(database: sqlite3.Connection, trace: Path) -> None:
    """Put what a trace's tail holds into its database, and remove the tail. The database is to commit by itself.

    Raises
    ------
    sqlite3.Error
        If the database cannot be written; the tail is still there then.
    """
    path = tail_path(trace)
    try:
        with path.open("rb") as file:
            data = file.read(ROOM)
    except OSError:
        return
    if data:
        database.execute("BEGIN IMMEDIATE")
        try:
            _put(database, data)
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
    with suppress(OSError):
        path.unlink()


def last_commit(database: sqlite3.Connection) -> int:
    """The number of the last commit that the database knows of; 0 before the first."""
    row = database.execute("SELECT text FROM meta WHERE name = ?", (TAIL,)).fetchone()
    return int(row[0]) if row is not None and str(row[0]).isdecimal() else 0


def _put(database: sqlite3.Connection, data: bytes) -> None:
    """Put what the database does not know of into it, up to a unit that it does not take."""
    committed = last_commit(database)
    for unit in units_of(data):
        if unit.commit <= committed:
            continue
        database.execute("SAVEPOINT unit")
        try:
            for number, row in unit.rows:
                database.execute(STATEMENTS[number], row)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, IndexError, OverflowError):
            database.execute("ROLLBACK TO unit")
            return
        database.execute("RELEASE unit")
        database.execute(STATEMENTS[META], (TAIL, str(unit.commit)))
