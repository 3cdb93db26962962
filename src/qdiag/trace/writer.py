"""Writes a trace: whole transactions, or nothing of them.

Each distinct circuit structure, configuration and list of arguments is stored once; a call adds its numbers, as raw bytes.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

import numpy as np

from qdiag.errors import OutputError
from qdiag.model.call import Backward, Call, Event, Failure, Script
from qdiag.trace import bound, call_text, schema, tail_file
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton
from qdiag.trace.schema import APPLICATION_ID, BUSY_MILLISECONDS, CHECKPOINT_PAGES, CLUSTERED, CONVENTION, STATEMENTS, TABLES, VERSION


class Entry(NamedTuple):
    """A call on its way into the file: descriptions as texts (see `call_file`), circuits as structure and packed numbers."""

    step: int
    source: str
    configuration: str
    arguments: str
    structure: str
    numbers: bytes
    outputs: Union[Sequence[np.ndarray], bytes, None]
    written: Optional[str] = None
    written_numbers: bytes = b""
    container: str = "numpy"
    layer_dtype: str = ""
    warnings: tuple[str, ...] = ()
    parent: Optional[int] = None
    thread: int = 0
    failure: Optional[Failure] = None


def entry_of(call: Call) -> Entry:
    """A call as the writer takes it; its index, process and backward passes are not part of it."""
    structure, numbers = skeleton(call.circuit)
    written, written_numbers = skeleton(call.written) if call.written is not None else (None, ())
    return Entry(
        step=call.step,
        source=call_text.text_of(call.source),
        configuration=call_text.text_of(call.configuration),
        arguments=call_text.text_of(call.arguments),
        structure=structure,
        numbers=pack(numbers),
        outputs=call.outputs,
        written=written,
        written_numbers=pack(written_numbers),
        container=call.output_container,
        layer_dtype=call.layer_dtype,
        warnings=call.warnings,
        parent=call.parent,
        thread=call.thread,
        failure=call.failure,
    )


def create(path: Path, script: Script, **meta: str) -> None:
    """Make an empty trace, so that a folder that cannot be written is known before the script runs.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path} exists", "choose another --out, or pass --force")
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            # nothing is lost with an empty trace: whatever is recorded reaches the disk with what stands here
            database.execute("PRAGMA synchronous = OFF")
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("BEGIN")
            for name, columns in TABLES.items():
                database.execute(f"CREATE TABLE {name} ({columns})" + (" WITHOUT ROWID" if name in CLUSTERED else ""))
            for name, text in {**meta, CONVENTION: "torch", "script": call_text.text_of(script), "started": repr(time.time())}.items():
                database.execute("INSERT INTO meta VALUES (?, ?)", (name, text))
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise OutputError(f"cannot write {path}: {error}", "choose a folder that can be written, on a disk that is not full") from None


class Transaction:
    """The context of `TraceWriter.transaction`; inside another one it is part of that."""

    __slots__ = ("depth", "writer")

    def __init__(self, writer: TraceWriter) -> None:
        self.writer = writer
        self.depth = 0

    def __enter__(self) -> None:
        if self.depth == 0:
            self.writer.begin()
        self.depth += 1

    def __exit__(self, kind: object, *exception: object) -> None:
        self.depth -= 1
        if self.depth == 0:
            if kind is None:
                self.writer.commit()
            else:
                self.writer.undo()


class TraceWriter:
    """Appends to a trace that `create` made. Every method may raise ``sqlite3.Error``; what was committed stays.

    Parameters
    ----------
    path
        The trace.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(
            path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False, cached_statements=32
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        tail_file.take_in(self._database, path)
        self._structures = _Texts(self._greatest("structures"))
        self._descriptions = _Texts(self._greatest("descriptions"))
        self._mark = (0, 0, 0)
        self._transaction = Transaction(self)
        self.calls: int = self._database.execute("SELECT COUNT(*) FROM calls").fetchone()[0]
        self._files = _open_files(path)

    def transaction(self) -> Transaction:
        """A context: everything written inside becomes part of the trace at once, or not at all."""
        return self._transaction

    def begin(self) -> None:
        """Start a transaction."""
        self._hold_files()
        self._mark = (len(self._structures.ids), len(self._descriptions.ids), self.calls)
        self._database.execute("BEGIN")

    def commit(self) -> None:
        """End it well."""
        try:
            self._database.execute("COMMIT")
        except sqlite3.Error:
            self.undo()
            raise

    def undo(self) -> None:
        """Forget what was written since `begin`."""
        structures, descriptions, self.calls = self._mark
        self._structures.shorten(structures)
        self._descriptions.shorten(descriptions)
        with suppress(sqlite3.Error):
            self._database.execute("ROLLBACK")

    def _hold_files(self) -> None:
        """See that the open files are those of the trace: a program that becomes a daemon closes all, and opens its own."""
        for number, file in self._files.items():
            if _identity(number) != file:
                # nor may SQLite close them: they may be the program's by now
                self.abandon()
                raise sqlite3.OperationalError("the program closed the files of the trace")

    def abandon(self) -> None:
        """Never again touch the database, nor close it: not even when nobody holds it any more."""
        import ctypes

        if self._files is not _ABANDONED:
            self._files = _ABANDONED
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._database))

    def call(self, entry: Entry, process: int = 0) -> int:
        """Append a call; returns its index."""
        with self.transaction():
            return self.append(entry, process)

    def append(self, entry: Entry, process: int = 0) -> int:
        """The same inside a transaction that is open already."""
        index = self.calls
        row = (
            index,
            entry.step,
            self._description(entry.source),
            self._description(entry.configuration),
            self._description(entry.arguments),
            self._structure(entry.structure),
            entry.numbers,
            None if entry.written is None else self._structure(entry.written),
            None if entry.written is None else entry.written_numbers,
            _packed(entry.outputs),
            entry.container,
            entry.layer_dtype,
            call_text.text_of(entry.warnings) if entry.warnings else None,
            entry.parent,
            process,
            entry.thread,
        )
        self._put(schema.CALL, row)
        self.calls = index + 1
        if entry.failure is not None:
            self.failure(index, entry.failure)
        return index

    def backward(self, call: int, number: int, backward: Backward) -> None:
        """Append what the n-th backward pass, from 0, brought to a call; inside a transaction."""
        exact = "".join(["1" if flag else "0" for flag in backward.exact])
        row = (call, number, pack(backward.cotangents), pack(backward.gradients), exact, int(backward.create_graph))
        self._put(schema.BACKWARD, row)

    def failure(self, call: int, failure: Failure) -> None:
        """Say that a call, or its backward pass, raised; the first failure stays. Inside a transaction."""
        self._put(schema.FAILURE, (call, call_text.text_of(failure)))

    def events(self, events: Iterable[Event]) -> None:
        """Append events, inside a transaction."""
        for event in events:
            self._put(schema.EVENT, _event_row(event))

    def meta(self, name: str, text: str) -> None:
        """Set a fact about the whole recording."""
        with self.transaction():
            self._put(schema.META, (name, text))

    def fact(self, name: str) -> str:
        """A fact about the whole recording, or ""."""
        row = self._database.execute("SELECT text FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def write(self, call: Call) -> int:
        """Append a whole call with its backward passes; returns its index."""
        with self.transaction():
            index = self.call(entry_of(call), call.process)
            for number, backward in enumerate(call.backwards):
                self.backward(index, number, backward)
        return index

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.OperationalError):
            self._hold_files()
            self._database.close()

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _put(self, statement: int, row: tuple[Any, ...]) -> None:
        """Write one row."""
        self._database.execute(STATEMENTS[statement], row)

    def _structure(self, text: str) -> int:
        known = self._structures.ids.get(text)
        if known is None:
            key = bound.sha256(text.encode()).hexdigest()
            known = self._older(self._structures, "SELECT id FROM structures WHERE key = ?", key)
            if known is None:
                known = self._structures.take_number()
                self._put(schema.STRUCTURE, (known, key, text))
            self._structures.ids[text] = known
        return known

    def _description(self, text: str) -> int:
        known = self._descriptions.ids.get(text)
        if known is None:
            known = self._older(self._descriptions, "SELECT id FROM descriptions WHERE text = ?", text)
            if known is None:
                known = self._descriptions.take_number()
                self._put(schema.DESCRIPTION, (known, text))
            self._descriptions.ids[text] = known
        return known

    def _greatest(self, table: str) -> int:
        return int(self._database.execute(f"SELECT IFNULL(MAX(id), 0) FROM {table}").fetchone()[0])

    def _older(self, texts: _Texts, query: str, sought: str) -> Optional[int]:
        """The number of a text that was in the trace before this writer came."""
        row = self._database.execute(query, (sought,)).fetchone() if texts.first else None
        return None if row is None else int(row[0])


class _Texts:
    """The numbers of texts that a writer has written or found, and which comes next."""

    __slots__ = ("first", "ids", "last")

    def __init__(self, last: int) -> None:
        self.first = self.last = last
        self.ids: dict[str, int] = {}

    def take_number(self) -> int:
        self.last += 1
        return self.last

    def shorten(self, length: int) -> None:
        """Forget all but the first so many; a number that was given is not given again."""
        while len(self.ids) > length:
            self.ids.popitem()


_Identity = Optional[tuple[int, int]]

_ABANDONED: dict[int, _Identity] = {-1: (0, 0)}
"""Files that nobody has open: whoever looks for them, finds that they are not there."""


def _identity(number: int) -> _Identity:
    """Which file is open under a number, or None."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_files(path: Path) -> dict[int, _Identity]:
    """The numbers under which a database's files are open in this process, where the system tells."""
    ours = set()
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            found = os.stat(f"{path}{suffix}")
            ours.add((found.st_dev, found.st_ino))
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return {}
    return {number: file for number in numbers for file in [_identity(number)] if file in ours}


def _packed(outputs: Union[Sequence[np.ndarray], bytes, None]) -> Optional[bytes]:
    return outputs if outputs is None or isinstance(outputs, bytes) else pack(outputs)


def _event_row(event: Event) -> tuple[str, int, str, Optional[float]]:
    """SQLite has no NaN: the word stands in the text."""
    if event.number is not None and math.isnan(event.number):
        return event.kind, event.after, "nan", None
    return event.kind, event.after, event.text, event.number
