"""The trace: one SQLite file with every call in order, read lazily, also while it grows and after its script was killed.

Nothing in the file is executed or unpickled, and nothing in it is believed: every field is checked when it is read.
"""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, TypeVar

from qdiag.errors import CircuitFormatError, TraceError
from qdiag.model.call import Argument, Backward, Call, Configuration, Environment, Event, Failure, Process, Script, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.parameter import CONTAINERS
from qdiag.model.probe import Probe
from qdiag.model.step_probe import StepProbe
from qdiag.trace import call_parser, schema, tail_file
from qdiag.trace.array_bundle import unpack
from qdiag.trace.cells import arrays_in, conjugated_in, event_in, natural_in, text_in, whole_in, word_in
from qdiag.trace.circuit_parser import restore
from qdiag.trace.connection import be_patient, check_header, connect, damage_error, single_file
from qdiag.trace.schema import CALL_COLUMNS, CONVENTION, HANDED

Kind = TypeVar("Kind")

_DIFFERENTIATED = "(EXISTS (SELECT 1 FROM backwards WHERE call = id) OR EXISTS (SELECT 1 FROM failures WHERE call = id))"
"""Of a row of calls: whether a backward pass came back to it, or something raised, in it or on the way back to it."""


class Trace:
    """A recording, read lazily: opening costs nothing that grows with its length.

    Use `Trace.open`; a context manager that closes the file.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self.path = path
        self._bytes = sum(os.path.getsize(part) for part in (path, f"{path}-wal") if os.path.exists(part))
        self._length = 0
        self._description = lru_cache(maxsize=4096)(self._read_description)
        self._structure = lru_cache(maxsize=4096)(self._read_structure)
        self._value = lru_cache(maxsize=1024)(self._read_value)
        self._arguments = lru_cache(maxsize=1024)(self._read_arguments)
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
        check_header(path)
        if os.path.exists(f"{path}-wal") or os.path.exists(tail_file.tail_path(path)):
            single_file(path)
        return cls(connect(path), path)

    def close(self) -> None:
        """Let go of the file; the last reader of a settled trace folds its log in, which a reader that came before could not."""
        settled = self.complete
        self._database.close()
        if settled:
            single_file(self.path)

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._length

    def refresh(self) -> int:
        """Look again how many calls there are; returns the number."""
        self._length = self._numbers("SELECT COUNT(id) FROM calls")[0]
        return self._length

    @property
    def complete(self) -> bool:
        """Whether the recording was ended; False while the script runs, or when qdiag itself was killed."""
        return self._meta("complete") == "yes"

    @property
    def start_time(self) -> float:
        """When the recording began, in seconds since the epoch; 0 where it is not known."""
        try:
            started = float(self._meta("started") or 0)
        except ValueError as error:
            raise damage_error(self.path, error) from None
        return started if math.isfinite(started) else 0.0

    @property
    def environment(self) -> Environment:
        """The stack that ran the script; empty where the script never imported PennyLane."""
        text = self._meta("environment")
        return call_parser.value_from(Environment, text) if text else Environment()

    @property
    def script(self) -> Script:
        """How the script was run and how it ended."""
        script = call_parser.value_from(Script, self._meta("script") or "{}")
        failure = self._meta("failure")
        return replace(script, failure=call_parser.value_from(Failure, failure)) if failure else script

    @property
    def events(self) -> tuple[Event, ...]:
        """Steps, losses and notes, in order."""
        try:
            return tuple(map(event_in, self._rows("SELECT kind, after, text, number FROM events ORDER BY id")))
        except (ValueError, TypeError) as error:
            raise damage_error(self.path, error) from None

    def named(self, call: Call) -> tuple[str, ...]:
        """What the user calls the parameters of a call's circuit, as far as a call like it has told; () where none has."""
        for event in self.events:
            if event.kind != schema.NAMED or event.number is None:
                continue
            told, number = call_parser.strings_from(event.text), int(event.number)
            like = 0 <= number < len(self) and self.structure_of(number) == self.structure_of(call.index)
            if like and len(told) == len(call.circuit.parameters) and self.call(number).configuration.place == call.configuration.place:
                return told
        return ()

    @property
    def step_probes(self) -> tuple[StepProbe, ...]:
        """What copies of the script came to that went on with one thing moved; none before the trace is complete."""
        text = self._meta(schema.STEP_PROBES)
        return call_parser.values_from(StepProbe, text) if text else ()

    @property
    def processes(self) -> tuple[Process, ...]:
        """The processes that made the calls, where there were others than the script's own, by their numbers."""
        text = self._meta(schema.PROCESSES)
        return call_parser.values_from(Process, text) if text else ()

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the live probes saw, in the order of their calls; none before the trace is complete."""
        found = [call_parser.value_from(Probe, text) for text in self._texts("SELECT text FROM meta WHERE name LIKE 'probe-%'")]
        return tuple(sorted(found, key=lambda probe: probe.call))

    def configurations(self) -> tuple[Configuration, ...]:
        """The configurations of all calls, each once, in the order of their first calls; no call is read for it."""
        rows = self._rows("SELECT configuration FROM calls WHERE id < ? GROUP BY configuration ORDER BY MIN(id)", self._length)
        try:
            return tuple(call_parser.value_from(Configuration, self._description(key)) for (key,) in rows)
        except (ValueError, TypeError, KeyError, IndexError):
            raise TraceError(f"a configuration in {self.path} is damaged", "record the trace again") from None

    def first_of_each_configuration(self) -> tuple[int, ...]:
        """The first call under each configuration that returned and was made by the script itself, not inside of another QNode's."""
        query = (
            "SELECT MIN(id) FROM calls WHERE id < ? AND parent IS NULL AND id NOT IN (SELECT call FROM failures) "
            "GROUP BY configuration ORDER BY MIN(id)"
        )
        return tuple(int(index) for (index,) in self._rows(query, self._length))

    def first_of_each_structure(self, limit: Optional[int] = None, *, apart: bool = False) -> tuple[int, ...]:
        """The first call of each structure, in order: of the structures that come first, so many, or of all.

        Those calls of a structure that are differentiated are told ``apart`` from the others: the first one of each is given.
        """
        group = f"structure, {_DIFFERENTIATED}" if apart else "structure"
        query = f"SELECT MIN(id) FROM calls WHERE id < ? GROUP BY {group} ORDER BY MIN(id) LIMIT ?"
        return self._numbers(query, self._length, -1 if limit is None else limit)

    def first_of_each_circuit(self) -> tuple[int, ...]:
        """The first call of each structure under each configuration, those that are differentiated told apart from the others."""
        group = f"structure, configuration, {_DIFFERENTIATED}"
        return self._numbers(f"SELECT MIN(id) FROM calls WHERE id < ? GROUP BY {group} ORDER BY MIN(id)", self._length)

    def first_differentiated_twice(self) -> tuple[int, ...]:
        """The first call of each structure under each configuration through which the script went back with a graph of its own."""
        twice = "id IN (SELECT call FROM backwards WHERE create_graph)"
        query = f"SELECT MIN(id) FROM calls WHERE id < ? AND {twice} GROUP BY structure, configuration ORDER BY MIN(id)"
        return self._numbers(query, self._length)

    def is_differentiated(self, index: int) -> bool:
        """Whether a backward pass came back to a call, or it raised."""
        rows = self._rows(f"SELECT {_DIFFERENTIATED} FROM calls WHERE id = ?", index)
        return bool(rows and rows[0][0])

    @property
    def probes_wanted(self) -> bool:
        """Whether QNodes were to be probed."""
        return bool(self._meta(schema.PROBES))

    @property
    def handed(self) -> bool:
        """Whether the calls are of what a user hands in: what is marked trainable there is what is asked about."""
        return self._meta(HANDED) == "yes"

    def fact(self, name: str) -> str:
        """A fact about the whole recording, or ""."""
        return self._meta(name)

    def structure_of(self, index: int) -> str:
        """The key of one call's structure: equal keys, equal structures."""
        query = "SELECT key FROM calls JOIN structures ON structures.id = calls.structure WHERE calls.id = ?"
        keys = self._texts(query, index)
        if not keys:
            raise self._missing(index)
        return keys[0]

    def calls(self) -> Iterator[Call]:
        """Every call, in order, one in memory at a time."""
        return (self.call(index) for index in range(self._length))

    def calls_that_warned(self) -> Iterator[Call]:
        """The calls during which a warning was shown, in order."""
        return map(self.call, self._numbers("SELECT id FROM calls WHERE warnings IS NOT NULL ORDER BY id"))

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
            return self._call(dict(zip(CALL_COLUMNS, rows[0])))
        except (ValueError, TypeError, KeyError, IndexError, CircuitFormatError):
            raise TraceError(f"call {index} of {self.path} is damaged", "record the trace again") from None

    def _call(self, row: dict[str, Any]) -> Call:
        index = natural_in(row["id"])
        failures = self._texts("SELECT text FROM failures WHERE call = ?", index)
        configuration = self._value(Configuration, row["configuration"])
        container = row["container"]
        if container not in CONTAINERS:
            raise ValueError(container)
        return Call(
            index=index,
            step=natural_in(row["step"]),
            source=self._value(SourceLine, row["source"]),
            configuration=configuration,
            arguments=self._arguments(row["arguments"]),
            circuit=self._circuit(row["structure"], row["numbers"]),
            outputs=None if row["outputs"] is None else arrays_in(row["outputs"]),
            written=None if row["written"] is None else self._circuit(row["written"], row["written_numbers"]),
            output_container=container,
            layer_dtype=word_in(row["layer_dtype"]),
            backwards=self._backwards(index, configuration.interface),
            warnings=call_parser.strings_from(text_in(row["warnings"])) if row["warnings"] else (),
            failure=call_parser.value_from(Failure, failures[0]) if failures else None,
            parent=None if row["parent"] is None else natural_in(row["parent"]),
            process=natural_in(row["process"]),
            thread=natural_in(row["thread"]),
        )

    def _circuit(self, structure: int, numbers: bytes) -> Circuit:
        return restore(self._structure(structure), arrays_in(numbers))

    def _backwards(self, index: int, interface: str) -> tuple[Backward, ...]:
        query = "SELECT cotangents, gradients, exact, create_graph FROM backwards WHERE call = ? ORDER BY pass"
        other = interface == "autograd" and self._meta(CONVENTION) != "torch"
        taken = conjugated_in if other else unpack
        return tuple(
            Backward(taken(cotangents), taken(gradients), tuple(flag == "1" for flag in exact), bool(create_graph))
            for cotangents, gradients, exact, create_graph in self._rows(query, index)
        )

    def _read_description(self, key: int) -> str:
        return self._texts("SELECT text FROM descriptions WHERE id = ?", key)[0]

    def _read_value(self, kind: type[Kind], key: int) -> Kind:
        return call_parser.value_from(kind, self._description(key))

    def _read_arguments(self, key: int) -> tuple[Argument, ...]:
        return call_parser.values_from(Argument, self._description(key))

    def _read_structure(self, key: int) -> str:
        return self._texts("SELECT text FROM structures WHERE id = ?", key)[0]

    def _meta(self, name: str) -> str:
        return next(iter(self._texts("SELECT text FROM meta WHERE name = ?", name)), "")

    def _texts(self, query: str, *values: object) -> tuple[str, ...]:
        """The texts of one column."""
        return self._cells(text_in, query, *values)

    def _numbers(self, query: str, *values: object) -> tuple[int, ...]:
        """The whole numbers of one column."""
        return self._cells(whole_in, query, *values)

    def _cells(self, read: Callable[[object], Kind], query: str, *values: object) -> tuple[Kind, ...]:
        try:
            return tuple(read(cell) for (cell,) in self._rows(query, *values))
        except TypeError as error:
            raise damage_error(self.path, error) from None

    def _rows(self, query: str, *values: object) -> list[Any]:
        be_patient(self._database, self._bytes)
        try:
            return self._database.execute(query, values).fetchall()
        except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
            # SQLite's own message about a damaged name may be no text
            raise damage_error(self.path, error) from None

    def _missing(self, index: int) -> TraceError:
        return TraceError(f"{self.path} has no call {index}", f"it holds {self._length} calls, counted from 0")
