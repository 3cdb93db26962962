"""Runs of a function that JAX has traced: what was known when it was traced, what each run tells, and what came back to which.

What comes back is told with the circuit's numbers, by which the run is found that it belongs to; it may be told before the run is.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.model.call import SourceLine
from qdiag.recording.backward import Returned
from qdiag.recording.baked_values import Site
from qdiag.recording.ongoing_call import Read
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.writer import Entry

MOST_RUNS = 4096
"""Runs that something may still come back to, and those that came back before their run was told."""


class Slots:
    """Arrays of which some are not there yet.

    Parameters
    ----------
    values
        The live ones; none is kept, since what JAX traces is not to outlive the trace.
    packed
        The same as bytes, with zeros in the places of those that are not there.
    """

    def __init__(self, values: Sequence[Any], packed: bytes) -> None:
        self._arrays = unpack(packed)
        self._places = [place for place, value in enumerate(values) if jax_numbers.is_staged(value)]

    def __len__(self) -> int:
        return len(self._places)

    def fill(self, numbers: Sequence[np.ndarray]) -> bytes:
        """All of them as bytes, with these in the open places."""
        arrays = list(self._arrays)
        for place, number in zip(self._places, numbers):
            known = arrays[place]
            arrays[place] = number if known is None else np.asarray(number, known.dtype)
        return pack(arrays)


class Staged:
    """A call as it was traced.

    Parameters
    ----------
    read
        What is known of it.
    written
        The live numbers of its circuit as the user wrote it, where transforms changed it.
    outputs
        Its live outputs.
    trainable
        How many numbers it is differentiated by.
    twice
        Whether it is differentiated twice.
    source
        The line that called it.
    silent
        Whether its outputs are not told.
    """

    def __init__(
        self,
        read: Read,
        written: Sequence[Any],
        outputs: Sequence[Any],
        trainable: int,
        *,
        twice: bool = False,
        source: Optional[SourceLine] = None,
        silent: bool = False,
    ) -> None:
        entry = read.entry
        self._silent = silent
        self.source = source or SourceLine("", 0)
        self.outputs, self.trainable, self.twice = len(outputs), trainable, twice
        self.site: Optional[Site] = None
        self.mapped = 0
        self._circuit = Slots(read.circuit.sources, entry.numbers)
        self._written = Slots(written, entry.written_numbers or pack(()))
        self._outputs = Slots(outputs, entry.outputs if isinstance(entry.outputs, bytes) else pack(entry.outputs or ()))
        # what JAX traces is not to outlive the trace
        self.read = read._replace(circuit=read.circuit._replace(sources=(), form=None), written=None)

    def entry_of(self, values: Sequence[np.ndarray]) -> Entry:
        """The entry of a run that told these: the circuit's numbers, those as written, the outputs, each as `staged_among` them."""
        told = len(self._circuit) + len(self._written)
        return self.entry_without_outputs(values)._replace(outputs=None if self._silent else self._outputs.fill(values[told:]))

    def entry_without_outputs(self, values: Sequence[np.ndarray]) -> Entry:
        """The entry of a run of which only what it was given is known."""
        first = len(self._circuit)
        second = first + len(self._written)
        return self.read.entry._replace(
            numbers=self._circuit.fill(values[:first]),
            written_numbers=self._written.fill(values[first:second]) if self.read.entry.written is not None else b"",
            outputs=None,
        )

    def key_of(self, values: Sequence[np.ndarray]) -> bytes:
        """By what a run is found again: the numbers of its circuit, which stand first."""
        return b"".join(np.asarray(value).tobytes() for value in values[: len(self._circuit)])


class Given:
    """What tells the numbers of a call before it runs: which call that is, is known once it was traced."""

    def __init__(self) -> None:
        self.staged: Optional[Staged] = None


def staged_among(values: Sequence[Any]) -> list[Any]:
    """The values that stand for arrays that are not there yet."""
    return [value for value in values if jax_numbers.is_staged(value)]


class CameBack(NamedTuple):
    """Cotangents that came back to a run: positions among its outputs, and what came to each."""

    places: tuple[int, ...]
    cotangents: tuple[np.ndarray, ...]


Place = tuple[Staged, bytes]


class Runs:
    """Which runs something may come back to, and what came back to runs that are not told yet."""

    def __init__(self) -> None:
        self._told: OrderedDict[Place, list[Returned]] = OrderedDict()
        self._early: OrderedDict[Place, list[CameBack]] = OrderedDict()

    def add(self, staged: Staged, key: bytes, returned: Returned) -> list[CameBack]:
        """A run was told; what had come back to it before."""
        told = _list_at(self._told, (staged, key))
        if told and told[-1].answered:
            # nothing comes back to those before it any more
            told.clear()
        told.append(returned)
        early = self._early.pop((staged, key), [])
        returned.answered = bool(early)
        return early

    def find(self, staged: Staged, key: bytes, came: CameBack) -> Optional[Returned]:
        """The run that something came back to: the first of its numbers to which nothing has, else the last; None if none was told."""
        told = self._told.get((staged, key))
        if not told:
            _list_at(self._early, (staged, key)).append(came)
            return None
        found = next((one for one in told if not one.answered), told[-1])
        found.answered = True
        return found


class OpenRuns:
    """Runs that were given numbers and have told no results: such as PennyLane, called back, raised in."""

    def __init__(self) -> None:
        self._given: dict[Place, list[np.ndarray]] = {}
        self._balance: Counter[Place] = Counter()

    def add(self, staged: Staged, key: bytes, values: list[np.ndarray]) -> None:
        """A run was given numbers; its results may have been told before that."""
        self._move((staged, key), 1)
        if self._balance[staged, key] > 0 and len(self._given) < MOST_RUNS:
            self._given[staged, key] = values

    def close(self, staged: Staged, key: bytes) -> None:
        """A run told its results."""
        self._move((staged, key), -1)

    def take(self) -> list[tuple[Staged, list[np.ndarray]]]:
        """The first of each traced call's, with what it was given; then there are none."""
        first: dict[Staged, list[np.ndarray]] = {}
        for (staged, _), values in self._given.items():
            first.setdefault(staged, values)
        self._given.clear()
        self._balance.clear()
        return list(first.items())

    def _move(self, place: Place, by: int) -> None:
        self._balance[place] += by
        if not self._balance[place]:
            del self._balance[place]
        if self._balance[place] <= 0:
            self._given.pop(place, None)


def _list_at(table: OrderedDict[Place, list[Any]], place: Place) -> list[Any]:
    found = table.setdefault(place, [])
    while len(table) > MOST_RUNS:
        table.popitem(last=False)
    return found
