"""The steps of a twin run: parameters and gradients at each optimiser step, and which side of a kink each number was on.

A file beside the trace, appended to as the script runs: a line of JSON, then the arrays that it announces. What a killed run
leaves half written at the end is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np

from qdiag.errors import CircuitFormatError, TraceError
from qdiag.trace.array_bundle import pack, unpack

SUFFIX = ".steps"

MOST_VALUES = 1 << 16
"""Numbers kept of the parameters at one step; of larger models every n-th."""

MOST_BYTES = 1 << 28
"""What one run's file may take on the disk; steps beyond are not kept."""


@dataclass(frozen=True, eq=False)
class Step:
    """One optimiser step.

    Parameters
    ----------
    optimizer
        Which one, in the order of their first steps.
    parameters, gradients
        Their numbers after the step, flattened and thinned alike; a gradient that is None counts as zero.
    kinks
        For each module with a kink that ran since the last step: its name, and one bit a number.
    """

    optimizer: int
    parameters: np.ndarray
    gradients: np.ndarray
    kinks: tuple[tuple[str, np.ndarray], ...] = ()


@dataclass(frozen=True)
class Stream:
    """A random stream at the first call: a digest of its state, and whether the script had drawn from it."""

    name: str
    digest: str
    moved: bool


@dataclass(frozen=True, eq=False)
class Steps:
    """What a twin run's file holds.

    Parameters
    ----------
    optimizers
        Class names.
    sizes
        Of the first optimiser's parameters: the number of elements of each.
    start
        The first optimiser's parameters before anything was changed, all of them where there are few enough.
    streams
        The random streams at the first call.
    losses
        Class names of the loss modules that ran.
    steps
        One for each step.
    notes
        What could not be changed as asked.
    """

    optimizers: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    start: Optional[np.ndarray] = None
    streams: tuple[Stream, ...] = ()
    losses: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = field(default=())


def path_for(trace: Path) -> Path:
    """Where the steps of a trace's run are."""
    return trace.with_name(trace.name + SUFFIX)


class StepsWriter:
    """Appends to a file of steps.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("ab")
        self._written = 0

    def write(self, kind: str, fields: Mapping[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        """Append one record."""
        body = pack(arrays)
        if self._written + len(body) > MOST_BYTES:
            return
        self._file.write(json.dumps({"kind": kind, "bytes": len(body), **fields}).encode() + b"\n" + body)
        self._file.flush()
        self._written += len(body)


def kept_slice(sizes: int) -> slice:
    """Which of so many numbers are kept."""
    return slice(None, None, max(1, -(-sizes // MOST_VALUES)))


def read(path: Path) -> Steps:
    """Everything that a file of steps holds; empty where there is none.

    Raises
    ------
    TraceError
        If the file is damaged: cut short at its end it is not.
    """
    facts: dict[str, Any] = {"optimizers": [], "sizes": (), "start": None, "streams": (), "losses": [], "notes": []}
    steps: list[Step] = []
    try:
        for head, arrays in _records(path):
            kind = head["kind"]
            if kind == "step":
                steps.append(_step(head, arrays))
            elif kind == "optimizer":
                facts["optimizers"].append(_of(str, head["name"]))
            elif kind == "start":
                facts.update(sizes=tuple(_of(int, size) for size in _of(list, head["sizes"])), start=arrays[0])
            elif kind == "streams":
                facts["streams"] = tuple(map(_stream, _of(list, head["streams"])))
            else:
                facts["losses" if kind == "loss" else "notes"].append(_of(str, head["text"]))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, CircuitFormatError, OSError):
        raise TraceError(f"the steps of a run, {path}, are damaged", "run the script again") from None
    for name in ("optimizers", "losses", "notes"):
        facts[name] = tuple(facts[name])
    return Steps(steps=tuple(steps), **facts)


def _records(path: Path) -> Iterator[tuple[dict[str, Any], list[np.ndarray]]]:
    if not path.exists():
        return
    left = path.stat().st_size
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            head = _of(dict, json.loads(line))
            left -= len(line) + _of(int, head["bytes"])
            if left < 0 <= head["bytes"]:
                return
            yield head, [array for array in unpack(file.read(head["bytes"])) if array is not None]


def _step(head: dict[str, Any], arrays: list[np.ndarray]) -> Step:
    parameters, gradients, *kinks = arrays
    names = [_of(str, name) for name in _of(list, head["kinks"])]
    if len(names) != len(kinks) or parameters.shape != gradients.shape:
        raise ValueError
    return Step(_of(int, head["optimizer"]), parameters, gradients, tuple(zip(names, kinks)))


def _stream(entry: Any) -> Stream:
    name, digest, moved = _of(list, entry)
    return Stream(_of(str, name), _of(str, digest), _of(bool, moved))


def _of(kind: type, entry: Any) -> Any:
    if type(entry) is not kind:
        raise TypeError
    return entry
