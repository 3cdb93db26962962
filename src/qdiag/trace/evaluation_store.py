"""Evaluations in a SQLite file beside the trace, so that a replay can be interrupted and resumed, and nothing is evaluated twice.

The key is the request's (see `keys`), which covers everything that the result depends on but the stack that evaluates it. What comes
within a moment is committed together: a commit takes longer than all else that is done with an evaluation. Where no space is left, what
follows is kept in memory: the judgement is worth having all the same.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Optional

from qdiag.errors import OutputError, TraceError
from qdiag.model.evaluation import Evaluation
from qdiag.trace.evaluation_text import DAMAGE, can_be_written, read_evaluation, write_evaluation

_COLUMNS = "key TEXT, stack TEXT, head TEXT NOT NULL, arrays BLOB NOT NULL, PRIMARY KEY (key, stack)"
_FIND = "SELECT head, arrays FROM evaluations WHERE key = ? AND stack = ?"
_KEEP = "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)"

SECONDS = 0.5
"""A kill costs what was evaluated in so many seconds at most."""

_NO_SPACE = "is full"
"""What SQLite's words hold where there is no space left."""

STACK = ("qdiag", "pennylane", "pennylane-lightning", "torch", "numpy", "scipy", "autograd", "autoray", "jax", "jaxlib")
"""The distributions that an evaluation depends on."""


@cache
def installed_versions() -> str:
    """What evaluates here, with versions: read from the distributions, without importing them, once in a process."""
    versions = []
    for name in STACK:
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    return ", ".join(versions)


class EvaluationStore:
    """A store of evaluations by key.

    Parameters
    ----------
    path
        The file, made where it does not exist; None keeps everything in memory.
    stack
        Versions of what evaluates: evaluations of another stack are not found. None for what is installed here.

    Attributes
    ----------
    unwritten
        Why the file does not hold all evaluations; "" where it does.

    Raises
    ------
    TraceError
        If the file is something else, or damaged.
    OutputError
        If it cannot be made.
    """

    def __init__(self, path: Optional[Path] = None, stack: Optional[str] = None) -> None:
        self._stack = installed_versions() if stack is None else stack
        self._name = str(path) if path is not None else ":memory:"
        self._kept: dict[str, Evaluation] = {}
        self._uncommitted: dict[str, Evaluation] = {}
        self._due = 0.0
        self.unwritten = ""
        try:
            self._database = sqlite3.connect(self._name, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(f"CREATE TABLE IF NOT EXISTS evaluations ({_COLUMNS})")
        except sqlite3.OperationalError as error:
            if _NO_SPACE not in str(error):
                raise OutputError(f"cannot write {self._name}: {error}", "check the folder's permissions and the space left") from None
            self._go_on_in_memory(error)
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            raise TraceError(f"{self._name} holds no evaluations", "move it away: it is made anew from the trace") from None

    def get(self, key: str) -> Optional[Evaluation]:
        """The evaluation stored under a key, or None."""
        if key in self._kept:
            return self._kept[key]
        try:
            row = self._database.execute(_FIND, (key, self._stack)).fetchone()
            return None if row is None else read_evaluation(row[0], row[1])
        except (sqlite3.DatabaseError, *DAMAGE):
            raise TraceError(f"{self._name} is damaged", "move it away: it is made anew from the trace") from None

    def put(self, key: str, evaluation: Evaluation) -> None:
        """Store an evaluation, unless a second attempt may come out otherwise or its results are no plain arrays."""
        if evaluation.failure is not None and evaluation.failure.passing:
            return
        if not can_be_written(evaluation):
            return
        if self.unwritten:
            self._kept[key] = evaluation
            return
        now = time.monotonic()
        try:
            if not self._uncommitted:
                self._database.execute("BEGIN")
                self._due = now + SECONDS
            self._uncommitted[key] = evaluation
            self._database.execute(_KEEP, (key, self._stack, *write_evaluation(evaluation)))
        except sqlite3.OperationalError as error:
            self._go_on_in_memory(error)
            self._kept[key] = evaluation
        if now >= self._due:
            self.save()

    def save(self) -> None:
        """Commit what was stored since the last time."""
        if not self._uncommitted:
            return
        try:
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._go_on_in_memory(error)
        self._uncommitted.clear()

    def _go_on_in_memory(self, error: Exception) -> None:
        """Write nothing more; where there was no space for the file itself, read nothing of it either."""
        self._kept.update(self._uncommitted)
        self._uncommitted.clear()
        with suppress(sqlite3.OperationalError):
            self._database.execute("ROLLBACK")
        self.unwritten = f"not all evaluations could be kept ({error}): they are made anew when the run is judged again"
        try:
            self._database.execute(_FIND, ("", self._stack))
        except sqlite3.DatabaseError:
            self._database.close()
            self._database = sqlite3.connect(":memory:", isolation_level=None)
            self._database.execute(f"CREATE TABLE evaluations ({_COLUMNS})")

    def close(self) -> None:
        """Close the file; what was stored stays."""
        self.save()
        self._database.close()

    def __enter__(self) -> EvaluationStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
