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

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Optional

import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.model.call import Failure, SourceLine
from qdiag.recording import current
from qdiag.recording.backward import Passes, Returned
from qdiag.recording.baked_values import BakedValues, Site
from qdiag.recording.hooks import quietly
from qdiag.recording.ongoing_call import Done, Ongoing, Read
from qdiag.recording.traced_runs import CameBack, Given, OpenRuns, Runs, Staged, staged_among

MOST_MAPPED = 16
"""So many times it is told of one traced call that its runs were rows of one ``vmap``."""

NO_COPY = "JAX computes in threads of its own, which a copy of the process does not have"
"""Why QNodes under JAX are not probed."""


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


def _is_simulated_by_xla(call: Ongoing, outputs: Sequence[Any]) -> bool:
    """Whether a call's results come from a simulation that XLA compiles; where nobody says what its method is, they may."""
    return call.resolution[0] in (None, "backprop") and any(map(jax_numbers.is_compiled, outputs))


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
