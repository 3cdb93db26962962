"""Evaluations in a SQLite file beside the trace, so that a replay can be interrupted and resumed, and nothing is evaluated twice.

The key is the request's (see `keys`), which covers everything that the result depends on but the stack that evaluates it. Where no
space is left, what follows is kept in memory: the judgement is worth having all the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, Optional, get_type_hints

import numpy as np

from qdiag.errors import CircuitFormatError, OutputError, TraceError
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import PRECISIONS, UNKNOWN, Measured
from qdiag.model.method import Method
from qdiag.trace.array_bundle import DTYPES, pack, unpack
from qdiag.trace.option_text import option_from

_COLUMNS = "key TEXT, stack TEXT, head TEXT NOT NULL, arrays BLOB NOT NULL, PRIMARY KEY (key, stack)"
_FIND = "SELECT head, arrays FROM evaluations WHERE key = ? AND stack = ?"


_NO_SPACE = "is full"
"""What SQLite's words hold where there is no space left."""

_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, CircuitFormatError)
"""What reading an entry that `_row_of` did not write may raise."""

_STACK = ("qdiag", "pennylane", "pennylane-lightning", "torch", "numpy", "scipy", "autograd", "autoray")


def installed_versions() -> str:
    """What evaluates here, with versions: read from the distributions, without importing them."""
    versions = []
    for name in _STACK:
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
            return None if row is None else _evaluation_from(row[0], row[1])
        except (sqlite3.DatabaseError, *_DAMAGE):
            raise TraceError(f"{self._name} is damaged", "move it away: it is made anew from the trace") from None

    def put(self, key: str, evaluation: Evaluation) -> None:
        """Store an evaluation, unless a second attempt may come out otherwise or its results are no plain arrays."""
        if evaluation.failure is not None and evaluation.failure.passing:
            return
        if any(array.dtype.name not in DTYPES for array in _arrays(evaluation)):
            return
        if self.unwritten:
            self._kept[key] = evaluation
            return
        try:
            self._database.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", (key, self._stack, *_row_of(evaluation)))
        except sqlite3.OperationalError as error:
            self._go_on_in_memory(error)
            self._kept[key] = evaluation

    def _go_on_in_memory(self, error: Exception) -> None:
        """Write nothing more; where there was no space for the file itself, read nothing of it either."""
        self.unwritten = f"not all evaluations could be kept ({error}): they are made anew when the run is judged again"
        try:
            self._database.execute(_FIND, ("", self._stack))
        except sqlite3.DatabaseError:
            self._database.close()
            self._database = sqlite3.connect(":memory:", isolation_level=None)
            self._database.execute(f"CREATE TABLE evaluations ({_COLUMNS})")

    def close(self) -> None:
        """Close the file; what was stored stays."""
        self._database.close()

    def __enter__(self) -> EvaluationStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _arrays(evaluation: Evaluation) -> list[np.ndarray]:
    rows: list[Sequence[np.ndarray]] = [evaluation.outputs or (), evaluation.hvp or (), *evaluation.vjps, *(evaluation.jacobian or ())]
    return [np.asarray(array) for row in rows for array in row]


def _row_of(evaluation: Evaluation) -> tuple[str, bytes]:
    head = {
        "method": asdict(evaluation.method),
        "outputs": None if evaluation.outputs is None else len(evaluation.outputs),
        "hvp": None if evaluation.hvp is None else len(evaluation.hvp),
        "vjps": [len(row) for row in evaluation.vjps],
        "jacobian": None if evaluation.jacobian is None else [len(row) for row in evaluation.jacobian],
        "warnings": evaluation.warnings,
        "seconds": evaluation.seconds,
        "failure": None if evaluation.failure is None else asdict(evaluation.failure),
        "norms": evaluation.norms,
        "notes": evaluation.notes,
        "differenced": evaluation.differenced,
        "measured": asdict(evaluation.measured),
    }
    return json.dumps(head), pack(_arrays(evaluation))


def _evaluation_from(text: str, blob: bytes) -> Evaluation:
    head: dict[str, Any] = json.loads(_of(text, str))
    arrays = iter([a for a in unpack(blob) if a is not None])
    return Evaluation(
        method=_method(head["method"]),
        outputs=_next_arrays(arrays, head["outputs"]),
        hvp=_next_arrays(arrays, head["hvp"]),
        vjps=tuple(_next_arrays(arrays, count) or () for count in head["vjps"]),
        jacobian=None if head["jacobian"] is None else tuple(_next_arrays(arrays, count) or () for count in head["jacobian"]),
        warnings=_texts(head["warnings"]),
        seconds=float(_of(head["seconds"], int, float)),
        failure=None if head["failure"] is None else _failure(head["failure"]),
        norms=tuple(float(_of(norm, int, float)) for norm in head["norms"]),
        notes=_texts(head["notes"]),
        # stores of earlier versions do not say it
        differenced=bool(head.get("differenced", False)),
        measured=_measured(head.get("measured")),
    )


def _measured(head: Any) -> Measured:
    if head is None:
        return UNKNOWN
    kinds = get_type_hints(Measured)
    found = Measured(**{name: _of(part, kinds[name]) for name, part in _of(head, dict).items()})
    if found.precision not in ("", *PRECISIONS):
        raise ValueError("a precision that is none")
    return found


def _failure(head: dict[str, Any]) -> Failure:
    kinds = get_type_hints(Failure)
    parts: dict[str, Any] = {name: _texts(part) if name == "frames" else _of(part, kinds[name]) for name, part in head.items()}
    return Failure(**parts)


def _method(head: dict[str, Any]) -> Method:
    options = {name: tuple((_of(key, str), option_from(value)) for key, value in head[name]) for name in _OPTIONS}
    return Method(**{**{name: _of(part, str) for name, part in head.items() if name not in _OPTIONS}, **options})


_OPTIONS = ("device_options", "gradient_options")


def _texts(parts: Any) -> tuple[str, ...]:
    return tuple(_of(part, str) for part in _of(parts, list))


def _of(part: Any, *kinds: type) -> Any:
    if type(part) not in kinds:
        raise TypeError
    return part


def _next_arrays(arrays: Iterator[np.ndarray], count: Optional[int]) -> Optional[tuple[np.ndarray, ...]]:
    if count is None:
        return None
    taken = tuple(islice(arrays, _of(count, int)))
    if len(taken) != count:
        raise ValueError("an array is missing")
    return taken
