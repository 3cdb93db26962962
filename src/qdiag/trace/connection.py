"""The file of a trace: whether it is one, a connection that only reads it, and what folds it into one file.

It may come from a stranger: its header and its tables are checked before anything is asked of it, and no query goes on without end.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from qdiag.errors import TraceError
from qdiag.trace import tail_file
from qdiag.trace.schema import APPLICATION_ID, BUSY_MILLISECONDS, TABLES, VERSION


def check_header(path: Path) -> None:
    """Look at the first bytes of a file.

    Raises
    ------
    TraceError
        If they are not a trace's.
    """
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}", "check the file's permissions") from None
    if not header.startswith(b"SQLite format 3\0") or header[68:72] != APPLICATION_ID.to_bytes(4, "big"):
        raise TraceError(f"{path} is not a trace", "name a trace.qdiag, or the folder that qdiag trace wrote")


def connect(path: Path) -> sqlite3.Connection:
    """A connection that only reads: through the log while the trace grows, or without touching the folder where that cannot be.

    Raises
    ------
    TraceError
        If the file cannot be read, was written by a newer qdiag, or has not the tables of a trace.
    """
    location = path.resolve().as_uri()
    try:
        for mode in ("mode=ro", "immutable=1"):
            database = sqlite3.connect(f"{location}?{mode}", uri=True, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
            try:
                for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON"):
                    database.execute(f"PRAGMA {pragma}")
                version = database.execute("PRAGMA user_version").fetchone()[0]
                tables = database.execute("SELECT type, name FROM sqlite_master WHERE type != 'index'").fetchall()
            except sqlite3.OperationalError:
                database.close()
                if mode == "immutable=1":
                    raise
                continue
            break
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damage_error(path, error) from None
    if version > VERSION:
        database.close()
        raise TraceError(f"{path} was written by a newer qdiag", "update qdiag")
    if {name for _, name in tables} != set(TABLES) or any(kind != "table" for kind, _ in tables):
        database.close()
        raise TraceError(f"{path} does not have the tables of a trace", "record it again")
    return database


def be_patient(database: sqlite3.Connection, size: int) -> None:
    """Let a query work for as long as a file of so many bytes may need, and no longer.

    Pages of a file that was made for it may lead to each other, so that a table of a few kilobytes has no end.
    """
    left = [5 + size // 100_000]

    def is_over() -> bool:
        left[0] -= 1
        return left[0] < 0

    database.set_progress_handler(is_over, 1_000_000)


def single_file(path: Path) -> None:
    """Fold the write-ahead log and the tail into the file, where nobody is writing and the folder lets us."""
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # refused while anybody else has the file open
        if database.execute("PRAGMA journal_mode = DELETE").fetchone()[0] == "delete":
            tail_file.take_in(database, path)


def damage_error(path: Path, error: Exception) -> TraceError:
    """That a trace is damaged, as its reader met it."""
    return TraceError(f"the trace {path} is damaged: {error}", "record it again")

