"""The trace: one SQLite file with every call in order, written as the script runs and readable while it grows.

Each distinct circuit structure, configuration and list of arguments is stored once; a call adds its numbers, as raw bytes.
Nothing in the file is executed or unpickled. The processes that the script forks write into files of their own beside the
trace, which become part of it when the recording is settled.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag import call_file
from qdiag.arrays import pack, unpack
from qdiag.call import Argument, Backward, Call, Configuration, Environment, Event, Failure, Script, SourceLine
from qdiag.circuit import CONTAINERS, Circuit
from qdiag.circuit_file import restore, skeleton
from qdiag.errors import CircuitFormatError, OutputError, TraceError

APPLICATION_ID = 0x71646961
"""``qdia`` in ASCII, in the file's header: tells a trace from any other SQLite file."""

VERSION = 1
"""Version of the tables; a reader refuses a newer one."""

BUSY_MILLISECONDS = 5000
"""How long a writer waits for a reader; readers hold the file for microseconds."""

CHECKPOINT_PAGES = 16384
"""How long the log grows (64 MB) before it is folded into the file, which waits for the disk."""

_TABLES = {
    "meta": "name TEXT PRIMARY KEY, text TEXT NOT NULL",
    "structures": "id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL",
    "descriptions": "id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE",
    "calls": (
        "id INTEGER PRIMARY KEY, step INTEGER NOT NULL, source INTEGER NOT NULL, configuration INTEGER NOT NULL, "
        "arguments INTEGER NOT NULL, structure INTEGER NOT NULL, numbers BLOB NOT NULL, written INTEGER, written_numbers BLOB, "
        "outputs BLOB, container TEXT NOT NULL, layer_dtype TEXT NOT NULL, warnings TEXT, parent INTEGER, "
        "process INTEGER NOT NULL, thread INTEGER NOT NULL"
    ),
    "backwards": (
        "call INTEGER NOT NULL, pass INTEGER NOT NULL, cotangents BLOB NOT NULL, gradients BLOB NOT NULL, "
        "exact TEXT NOT NULL, create_graph INTEGER NOT NULL, PRIMARY KEY (call, pass)"
    ),
    "failures": "call INTEGER PRIMARY KEY, text TEXT NOT NULL",
    "events": "id INTEGER PRIMARY KEY, text TEXT NOT NULL",
}
_CLUSTERED = frozenset(["backwards"])
"""Tables stored by their key, so that a commit touches one page less."""

_CALL_COLUMNS = tuple(column.split()[0] for column in _TABLES["calls"].split(", "))
_INSERT_CALL = f"INSERT INTO calls ({', '.join(_CALL_COLUMNS)}) VALUES ({', '.join('?' * len(_CALL_COLUMNS))})"
_INSERT_BACKWARD = "INSERT INTO backwards VALUES (?, ?, ?, ?, ?, ?)"


class Entry(NamedTuple):
    """A call on its way into the file: descriptions as texts (see `call_file`), circuits as structure and packed numbers."""

    step: int
    source: str
    configuration: str
    arguments: str
    structure: str
    numbers: bytes
    outputs: Optional[Sequence[np.ndarray]]
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
        source=call_file.text_of(call.source),
        configuration=call_file.text_of(call.configuration),
        arguments=call_file.text_of(call.arguments),
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


# --- writing -----------------------------------------------------------------------------------------------------------


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
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("BEGIN")
            for name, columns in _TABLES.items():
                database.execute(f"CREATE TABLE {name} ({columns})" + (" WITHOUT ROWID" if name in _CLUSTERED else ""))
            for name, text in {**meta, "script": call_file.text_of(script), "started": repr(time.time())}.items():
                database.execute("INSERT INTO meta VALUES (?, ?)", (name, text))
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise OutputError(f"cannot write {path}: {error}", "choose a folder that can be written, on a disk that is not full") from None


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
        self._structures: dict[str, int] = {}
        self._descriptions: dict[str, int] = {}
        self._depth = 0
        self.calls: int = self._database.execute("SELECT COUNT(*) FROM calls").fetchone()[0]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside becomes part of the trace at once, or not at all."""
        if self._depth:
            yield
            return
        self._depth += 1
        structures, descriptions, calls = len(self._structures), len(self._descriptions), self.calls
        self._database.execute("BEGIN")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            _shorten(self._structures, structures)
            _shorten(self._descriptions, descriptions)
            self.calls = calls
            with suppress(sqlite3.Error):
                self._database.execute("ROLLBACK")
            raise
        finally:
            self._depth -= 1

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
            None if entry.outputs is None else pack(entry.outputs),
            entry.container,
            entry.layer_dtype,
            call_file.text_of(entry.warnings) if entry.warnings else None,
            entry.parent,
            process,
            entry.thread,
        )
        self._database.execute(_INSERT_CALL, row)
        self.calls = index + 1
        if entry.failure is not None:
            self.failure(index, entry.failure)
        return index

    def backward(self, call: int, number: int, backward: Backward) -> None:
        """Append what the n-th backward pass, from 0, brought to a call; inside a transaction."""
        exact = "".join(["1" if flag else "0" for flag in backward.exact])
        row = (call, number, pack(backward.cotangents), pack(backward.gradients), exact, int(backward.create_graph))
        self._database.execute(_INSERT_BACKWARD, row)

    def failure(self, call: int, failure: Failure) -> None:
        """Say that a call, or its backward pass, raised; the first failure stays. Inside a transaction."""
        self._database.execute("INSERT OR IGNORE INTO failures VALUES (?, ?)", (call, call_file.text_of(failure)))

    def events(self, events: Iterable[Event]) -> None:
        """Append events, inside a transaction."""
        self._database.executemany("INSERT INTO events (text) VALUES (?)", [(call_file.event_text(event),) for event in events])

    def meta(self, name: str, text: str) -> None:
        """Set a fact about the whole recording."""
        with self.transaction():
            self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, text))

    def write(self, call: Call) -> int:
        """Append a whole call with its backward passes; returns its index."""
        with self.transaction():
            index = self.call(entry_of(call), call.process)
            for number, backward in enumerate(call.backwards):
                self.backward(index, number, backward)
        return index

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _structure(self, text: str) -> int:
        known = self._structures.get(text)
        if known is None:
            key = hashlib.sha256(text.encode()).hexdigest()
            self._database.execute("INSERT OR IGNORE INTO structures (key, text) VALUES (?, ?)", (key, text))
            known = self._database.execute("SELECT id FROM structures WHERE key = ?", (key,)).fetchone()[0]
            self._structures[text] = known
        return known

    def _description(self, text: str) -> int:
        known = self._descriptions.get(text)
        if known is None:
            self._database.execute("INSERT OR IGNORE INTO descriptions (text) VALUES (?)", (text,))
            known = self._database.execute("SELECT id FROM descriptions WHERE text = ?", (text,)).fetchone()[0]
            self._descriptions[text] = known
        return known


def _shorten(table: dict[str, int], length: int) -> None:
    while len(table) > length:
        table.popitem()


# --- settling ----------------------------------------------------------------------------------------------------------


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
    sides = sorted(path.parent.glob(f"{path.name}.process-*[0-9]"), key=_started)
    try:
        with closing(TraceWriter(path)) as writer, writer.transaction():
            for number, side in enumerate(sides, start=1):
                _take_in(writer, side, number)
            stopped = _stopped(path)
            if stopped:
                writer.events([Event("warning", writer.calls, f"recording stopped before the script ended: {stopped}")])
            writer.meta("script", call_file.text_of(script))
            writer.meta("complete", "yes")
    except sqlite3.Error as error:
        raise TraceError(f"the trace {path} cannot be completed: {error}", "free some disk space and record again") from None
    for side in sides:
        _remove(side)
    with suppress(OSError):
        os.unlink(_mark(path))
    _single_file(path)


def _take_in(writer: TraceWriter, side: Path, number: int) -> None:
    with suppress(TraceError), Trace.open(side) as trace:
        offset = writer.calls
        for call in trace.calls():
            parent = None if call.parent is None else call.parent + offset
            writer.write(replace(call, parent=parent, process=number))
        writer.events(replace(event, after=event.after + offset) for event in trace.events)


def _started(side: Path) -> float:
    try:
        with closing(sqlite3.connect(side)) as database:
            return float(database.execute("SELECT text FROM meta WHERE name = 'started'").fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError):
        return float("inf")


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            os.unlink(f"{path}{suffix}")


def _single_file(path: Path) -> None:
    """Fold the write-ahead log into the file, where nobody is writing and the folder lets us."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")


def _mark(path: Path) -> str:
    return f"{path}.stopped"


def mark_stopped(path: Path, reason: str) -> None:
    """Leave word that recording had to stop; a link needs no free block, so this works on a full disk."""
    with suppress(OSError):
        os.symlink(reason[:50], _mark(path))


def _stopped(path: Path) -> str:
    try:
        return os.readlink(_mark(path))
    except OSError:
        return ""


# --- reading -----------------------------------------------------------------------------------------------------------


class Trace:
    """A recording, read lazily: opening costs nothing that grows with its length.

    Use `Trace.open`; a context manager that closes the file.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self.path = path
        self._length = 0
        self._description = lru_cache(maxsize=4096)(self._read_description)
        self._structure = lru_cache(maxsize=4096)(self._read_structure)
        self.refresh()

    @classmethod
    def open(cls, path: Path) -> Trace:
        """Open a trace, also one that still grows or whose script was killed.

        Raises
        ------
        TraceError
            If the file is missing, no trace, damaged, or written by a newer qdiag.
        """
        path = Path(path)
        if not path.is_file():
            raise TraceError(f"there is no trace at {path}", "record one with: qdiag trace SCRIPT")
        _check_header(path)
        if os.path.exists(f"{path}-wal"):
            _single_file(path)
        return cls(_connected(path), path)

    def close(self) -> None:
        """Let go of the file; the last reader of a settled trace folds its log in, which a reader that came before could not."""
        settled = self.complete
        self._database.close()
        if settled:
            _single_file(self.path)

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._length

    def refresh(self) -> int:
        """Look again how many calls there are; returns the number."""
        self._length = int(self._rows("SELECT COUNT(*) FROM calls")[0][0])
        return self._length

    @property
    def complete(self) -> bool:
        """Whether the recording was ended; False while the script runs, or when qdiag itself was killed."""
        return self._meta("complete") == "yes"

    @property
    def environment(self) -> Environment:
        """The stack that ran the script; empty where the script never imported PennyLane."""
        text = self._meta("environment")
        return call_file.value_from(Environment, text) if text else Environment()

    @property
    def script(self) -> Script:
        """How the script was run and how it ended."""
        script = call_file.value_from(Script, self._meta("script") or "{}")
        failure = self._meta("failure")
        return replace(script, failure=call_file.value_from(Failure, failure)) if failure else script

    @property
    def events(self) -> tuple[Event, ...]:
        """Steps, losses and notes, in order."""
        return tuple(call_file.value_from(Event, text) for (text,) in self._rows("SELECT text FROM events ORDER BY id"))

    @property
    def structures(self) -> tuple[str, ...]:
        """For each call the key of its circuit's structure: equal keys, equal structures."""
        query = "SELECT key FROM calls JOIN structures ON structures.id = calls.structure WHERE calls.id < ? ORDER BY calls.id"
        return tuple(key for (key,) in self._rows(query, self._length))

    def structure_of(self, index: int) -> str:
        """The key of one call's structure."""
        query = "SELECT key FROM calls JOIN structures ON structures.id = calls.structure WHERE calls.id = ?"
        rows = self._rows(query, index)
        if not rows:
            raise self._missing(index)
        return str(rows[0][0])

    def calls(self) -> Iterator[Call]:
        """Every call, in order, one in memory at a time."""
        return (self.call(index) for index in range(self._length))

    def call(self, index: int) -> Call:
        """One call.

        Raises
        ------
        TraceError
            If there is none of that index, or it is damaged.
        """
        rows = self._rows("SELECT * FROM calls WHERE id = ?", index)
        if not rows:
            raise self._missing(index)
        try:
            return self._call(dict(zip(_CALL_COLUMNS, rows[0])))
        except (ValueError, TypeError, KeyError, IndexError, CircuitFormatError):
            raise TraceError(f"call {index} of {self.path} is damaged", "record the trace again") from None

    def _call(self, row: dict[str, Any]) -> Call:
        index = int(row["id"])
        failures = self._rows("SELECT text FROM failures WHERE call = ?", index)
        container = row["container"]
        if container not in CONTAINERS:
            raise ValueError(container)
        return Call(
            index=index,
            step=int(row["step"]),
            source=call_file.value_from(SourceLine, self._description(row["source"])),
            configuration=call_file.value_from(Configuration, self._description(row["configuration"])),
            arguments=call_file.values_from(Argument, self._description(row["arguments"])),
            circuit=self._circuit(row["structure"], row["numbers"]),
            outputs=None if row["outputs"] is None else _present(unpack(row["outputs"])),
            written=None if row["written"] is None else self._circuit(row["written"], row["written_numbers"]),
            output_container=container,
            layer_dtype=str(row["layer_dtype"]),
            backwards=self._backwards(index),
            warnings=call_file.strings_from(row["warnings"]) if row["warnings"] else (),
            failure=call_file.value_from(Failure, failures[0][0]) if failures else None,
            parent=None if row["parent"] is None else int(row["parent"]),
            process=int(row["process"]),
            thread=int(row["thread"]),
        )

    def _circuit(self, structure: int, numbers: bytes) -> Circuit:
        return restore(self._structure(structure), _present(unpack(numbers)))

    def _backwards(self, index: int) -> tuple[Backward, ...]:
        query = "SELECT cotangents, gradients, exact, create_graph FROM backwards WHERE call = ? ORDER BY pass"
        return tuple(
            Backward(unpack(cotangents), unpack(gradients), tuple(flag == "1" for flag in exact), bool(create_graph))
            for cotangents, gradients, exact, create_graph in self._rows(query, index)
        )

    def _read_description(self, key: int) -> str:
        return str(self._rows("SELECT text FROM descriptions WHERE id = ?", key)[0][0])

    def _read_structure(self, key: int) -> str:
        return str(self._rows("SELECT text FROM structures WHERE id = ?", key)[0][0])

    def _meta(self, name: str) -> str:
        rows = self._rows("SELECT text FROM meta WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def _rows(self, query: str, *values: object) -> list[Any]:
        try:
            return self._database.execute(query, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise _damaged(self.path, error) from None

    def _missing(self, index: int) -> TraceError:
        return TraceError(f"{self.path} has no call {index}", f"it holds {self._length} calls, counted from 0")


def _present(arrays: tuple[Optional[np.ndarray], ...]) -> tuple[np.ndarray, ...]:
    if any(array is None for array in arrays):
        raise ValueError("an array is missing")
    return tuple(array for array in arrays if array is not None)


def _damaged(path: Path, error: Exception) -> TraceError:
    return TraceError(f"the trace {path} is damaged: {error}", "record it again")


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}", "check the file's permissions") from None
    if not header.startswith(b"SQLite format 3\0") or header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
        raise TraceError(f"{path} is not a trace", "name a trace.qdiag, or the folder that qdiag trace wrote")
    if int.from_bytes(header[60:64], "big") > VERSION:
        raise TraceError(f"{path} was written by a newer qdiag", "update qdiag")


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that only reads: through the log while the trace grows, or without touching the folder where that cannot be."""
    location = path.resolve().as_uri()
    try:
        for mode in ("mode=ro", "immutable=1"):
            database = sqlite3.connect(f"{location}?{mode}", uri=True, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
            try:
                for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
                    database.execute(f"PRAGMA {pragma}")
                tables = database.execute("SELECT type, name FROM sqlite_master WHERE type != 'index'").fetchall()
            except sqlite3.OperationalError:
                database.close()
                if mode == "immutable=1":
                    raise
                continue
            break
    except sqlite3.Error as error:
        raise _damaged(path, error) from None
    if {name for _, name in tables} != set(_TABLES) or any(kind != "table" for kind, _ in tables):
        database.close()
        raise TraceError(f"{path} does not have the tables of a trace", "record it again")
    return database

