"""Calls that JAX traces. Inside ``grad`` alone their numbers are there when they are made; else each run of the traced function is a
call, and tells its numbers itself.

What such a call looks like is known when it is traced; its numbers arrive at each run, from threads of JAX's own and in no certain
order. What comes back is told with the circuit's numbers, by which the run is found that it belongs to.

Where XLA compiles the simulation itself, under backprop, its results are not told: handed out, they keep XLA from fusing what makes
them with what takes them, and the last digits come out otherwise. What a circuit is given, and what comes back to it, changes nothing.

Where a compiled function calls PennyLane back, that may raise, and no results are told. What the circuit is given is told before it: a
run that told no more than that has failed.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.model.call import Failure, SourceLine
from qdiag.recording import current
from qdiag.recording.backward import Passes, Returned
from qdiag.recording.baked_values import BakedValues, Site
from qdiag.recording.call_reader import Done, Ongoing, Read
from qdiag.recording.hooks import quietly
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.writer import Entry

MOST_RUNS = 4096
"""Runs that something may still come back to, and those that came back before their run was told."""

MOST_MAPPED = 16
"""So many times it is told of one traced call that its runs were rows of one ``vmap``."""

NO_COPY = "JAX computes in threads of its own, which a copy of the process does not have"
"""Why QNodes under JAX are not probed."""


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


def _is_simulated_by_xla(call: Ongoing, outputs: Sequence[Any]) -> bool:
    """Whether a call's results come from a simulation that XLA compiles; where nobody says what its method is, they may."""
    return call.resolution[0] in (None, "backprop") and any(map(jax_numbers.is_compiled, outputs))


class CameBack(NamedTuple):
    """Cotangents that came back to a run: positions among its outputs, and what came to each."""

    places: tuple[int, ...]
    cotangents: tuple[np.ndarray, ...]


_Place = tuple[Staged, bytes]


class Runs:
    """Which runs something may come back to, and what came back to runs that are not told yet."""

    def __init__(self) -> None:
        self._told: OrderedDict[_Place, list[Returned]] = OrderedDict()
        self._early: OrderedDict[_Place, list[CameBack]] = OrderedDict()

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
        self._given: dict[_Place, list[np.ndarray]] = {}
        self._balance: Counter[_Place] = Counter()

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

    def _move(self, place: _Place, by: int) -> None:
        self._balance[place] += by
        if not self._balance[place]:
            del self._balance[place]
        if self._balance[place] <= 0:
            self._given.pop(place, None)


def _list_at(table: OrderedDict[_Place, list[Any]], place: _Place) -> list[Any]:
    found = table.setdefault(place, [])
    while len(table) > MOST_RUNS:
        table.popitem(last=False)
    return found


class TracedCalls:
    """Records the calls of one process that JAX traces.

    Parameters
    ----------
    lock
        Is held while something is written: what JAX calls comes from threads of its own.
    passes
        Takes what comes back.
    write
        Writes a call: one that was just made, or (with None) a run of one that was traced before.
    baked
        Watches what traced calls have read from around them.
    rows
        Takes how many of the calls written last were rows of one ``vmap``.
    """

    def __init__(
        self,
        lock: Any,
        passes: Passes,
        write: Callable[[Optional[Ongoing], Read, Done], None],
        baked: Optional[BakedValues] = None,
        rows: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._lock, self._passes, self._write = lock, passes, write
        self.baked = baked
        self._runs = Runs()
        self._open = OpenRuns()
        self._rows = rows
        self._any = False

    def expect_run(self, call: Ongoing, numbers_of: Callable[[Ongoing], Sequence[Any]]) -> None:
        """A call is about to be evaluated, whose numbers the second argument knows.

        What PennyLane is called back for, once that is compiled, may raise. Then no results are told, but what is told before it runs.
        """
        if call.resolution[0] in (None, "backprop"):
            return
        numbers = staged_among(numbers_of(call))
        if any(map(jax_numbers.is_compiled, numbers)):
            from qdiag.bridges.live import jax_taps

            call.given = Given()
            jax_taps.tell_when_run(numbers, partial(_tell_given, call.given))

    def begin(self, call: Ongoing, read: Read, outputs: tuple[Any, ...]) -> Optional[list[Any]]:
        """A call has returned what stands for numbers; gives the outputs to be handed on in their places, or None."""
        from qdiag.bridges.live import jax_taps

        self._any = True
        trainable = len(jax_numbers.differentiated_among(read.circuit.sources))
        twice = jax_numbers.are_differentiated_twice(read.circuit.sources)
        numbers = staged_among(read.circuit.sources)
        written = () if read.written is None else read.written.sources
        silent = _is_simulated_by_xla(call, outputs)
        staged = [*numbers, *staged_among(written), *(() if silent else staged_among(outputs))]
        read = read._replace(entry=read.entry._replace(container="jax"))
        if staged or silent:
            traced = Staged(read, written, outputs, trainable, twice=twice, source=call.source, silent=silent)
            traced.site = self._site_of(call, (*numbers, *outputs))
            jax_taps.tell_when_run(staged, _TellRun(traced))
            if call.given is not None:
                call.given.staged = traced
            tell: Callable[..., None] = partial(_tell_way_back, traced)
        else:
            returned = Returned(len(outputs), trainable, read.qnode.code, twice=twice)
            self._write(call, read, Done(read.entry, returned, tuple(call.children)))
            tell = partial(_tell_cotangents, returned)
        places = [place for place, output in enumerate(outputs) if jax_numbers.is_traced(output) and output.dtype.kind in "fc"]
        if not places:
            return None
        watched = dict(zip(places, jax_taps.watch_way_back([outputs[place] for place in places], numbers, partial(tell, places))))
        return [watched.get(place, output) for place, output in enumerate(outputs)]

    def _site_of(self, call: Ongoing, values: Sequence[Any]) -> Optional[Site]:
        """What a call has read that a compiler now takes for constant; a failure to see that costs nothing else."""
        if self.baked is None or not any(map(jax_numbers.is_compiled, values)):
            return None
        with suppress(Exception):
            return self.baked.site_of(call.qnode, call.args, call.kwargs, call.tape)
        return None

    def run(self, staged: Staged, values: list[np.ndarray]) -> None:
        """A function that JAX had traced has run: a call of its own."""
        with self._lock:
            returned = Returned(staged.outputs, staged.trainable, staged.read.qnode.code, twice=staged.twice)
            self._open.close(staged, staged.key_of(values))
            self._write(None, staged.read, Done(staged.entry_of(values), returned, ()))
            if staged.site is not None:
                staged.site.run(returned.index)
            for came in self._runs.add(staged, staged.key_of(values), returned):
                self.come_back(returned, came)

    def were_rows(self, staged: Staged, count: int) -> None:
        """The runs of a traced function that were told last were rows of one ``vmap``."""
        if count > 1 and staged.mapped < MOST_MAPPED:
            staged.mapped += 1
            self._rows(count)

    def open_run(self, staged: Staged, values: list[np.ndarray]) -> None:
        """A function that JAX had traced runs, with these numbers."""
        with self._lock:
            self._open.add(staged, staged.key_of(values), values)

    def fail_open(self, failure: Optional[Failure]) -> list[SourceLine]:
        """The script is over: what was given numbers and told no results has failed, with what ended the script.

        Gives the places of those of which nobody knows why they have no results.
        """
        with self._lock:
            left = self._open.take()
            if failure is None:
                return [staged.source for staged, _ in left]
            for staged, values in left:
                entry = staged.entry_without_outputs(values)._replace(failure=failure)
                self._write(None, staged.read, Done(entry, Returned(0, 0), ()))
        return []

    def way_back(self, staged: Staged, key: bytes, came: CameBack) -> None:
        """Something has come back to a run, which may not have been told yet."""
        with self._lock:
            returned = self._runs.find(staged, key, came)
            if returned is not None:
                self.come_back(returned, came)

    def come_back(self, returned: Returned, came: CameBack) -> None:
        """Cotangents have come back to a call."""
        with self._lock:
            for place, cotangent in zip(came.places, came.cotangents):
                self._passes.cotangent(returned, place, cotangent, returned.twice)

    def take_step(self, parameters: Any, step: Callable[[], None]) -> None:
        """Parameters were moved: now, or each time that the function runs in which that is traced.

        What is moved inside of a loss that is differentiated, or in many copies by ``vmap``, is no step of the training.
        """
        from qdiag.bridges.live import jax_taps

        leaves = jax_taps.leaves_of(parameters)
        if not leaves or any(map(jax_numbers.is_transformed, leaves)):
            return
        if any(map(jax_numbers.is_traced, leaves)):
            # the smallest is told: that the others are there as well does not matter
            jax_taps.tell_when_run([min(leaves, key=lambda leaf: leaf.size)], _tell_step)
            self._any = True
            return
        self.await_all()
        step()

    def end(self) -> None:
        """The script is over."""
        if self.baked is not None:
            self.baked.end()

    def await_all(self) -> None:
        """What JAX still computes tells its numbers now; never called with the lock, which that takes."""
        if self._any:
            from qdiag.bridges.live import jax_taps

            with suppress(Exception):
                jax_taps.await_all()


# --- what JAX calls --------------------------------------------------------------------------------------------------------
# A function that was traced keeps these for as long as it lives: they tell whoever records by then, and may be the first to do so.


@dataclass(frozen=True, eq=False)
class _TellRun:
    """Tells a run with its numbers; and of those told last, how many were rows of one ``vmap``."""

    staged: Staged

    def __call__(self, *values: Any) -> None:
        recorder = current.whoever_records()
        if recorder is not None and not recorder.stopped:
            quietly(recorder.traced.run, self.staged, [np.asarray(value) for value in values])

    def together(self, rows: int) -> None:
        recorder = current.whoever_records()
        if recorder is not None and not recorder.stopped:
            quietly(recorder.traced.were_rows, self.staged, rows)


def _tell_given(given: Given, *values: Any) -> None:
    recorder = current.whoever_records()
    if recorder is not None and not recorder.stopped and given.staged is not None:
        quietly(recorder.traced.open_run, given.staged, [np.asarray(value) for value in values])


def _tell_way_back(staged: Staged, places: Sequence[int], come: tuple[int, ...], *values: Any) -> None:
    recorder = current.whoever_records()
    if recorder is not None and not recorder.stopped:
        arrays = [np.asarray(value) for value in values]
        quietly(recorder.traced.way_back, staged, staged.key_of(arrays[len(come) :]), _came_back(places, come, arrays))


def _tell_cotangents(returned: Returned, places: Sequence[int], come: tuple[int, ...], *values: Any) -> None:
    recorder = current.whoever_records()
    if recorder is not None and not recorder.stopped:
        quietly(recorder.traced.come_back, returned, _came_back(places, come, [np.asarray(value) for value in values]))


def _tell_step(*_: Any) -> None:
    recorder = current.whoever_records()
    if recorder is not None and not recorder.stopped:
        quietly(recorder.step)


def _came_back(places: Sequence[int], come: tuple[int, ...], arrays: Sequence[np.ndarray]) -> CameBack:
    """In torch's convention, of which JAX's is the conjugate."""
    return CameBack(tuple(places[k] for k in come), tuple(np.conj(array) for array in arrays[: len(come)]))
