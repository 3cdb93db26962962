"""Keeps the order of things: calls, backward passes, steps, losses, processes and threads, and writes them as they come.

Nothing here ever raises into the script: whatever goes wrong turns the recording of that call off, or of all, and is noted.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
import threading
import weakref
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Optional

from qdiag.bridges import results, stack
from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.codec.containers import container_of
from qdiag.bridges.failures import failure_of, failure_told, only_stops
from qdiag.bridges.live import hidden_numbers, qnode_attributes
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Event, Failure
from qdiag.model.coverage import Gap, event_of
from qdiag.recording import (
    argument_entries,
    backward,
    baked_values,
    branch,
    call_reader,
    collector,
    given_numbers,
    loss_watch,
    probe_schedule,
    qjit_calls,
    side_files,
    source_places,
    step_probe,
    step_probe_files,
    traced_calls,
    training_watch,
    words_left,
)
from qdiag.trace import call_text, schema
from qdiag.trace.held_writer import HeldWriter
from qdiag.trace.writer import TraceWriter

MAX_WAITING = 1000
"""Steps, losses and backward passes that wait for the next call before they are written without one."""

MAX_NOTES = 100
"""Notes of one kind of trouble are useful; thousands are not."""

MAX_WARNINGS = 100
"""Warnings kept that were shown in backward passes."""

MOST_NAMED = 64
"""So many structures of circuits are looked at for what the user calls their numbers."""

_THREADS = "QNodes were called from several threads: PennyLane is not thread-safe, results may be wrong with or without qdiag."

SHAPES = (
    "A QNode was called with tensors on torch's meta device, which have a shape and no numbers, as Keras does to learn the shapes of "
    "its results: such calls are not counted."
)

_AGAIN = "backward through the graph a second time"
"""Torch's words where the script went backward twice: nothing that the call is to blame for."""


class Recorder:
    """Records one process.

    Parameters
    ----------
    path
        The trace.
    folder
        The script's folder.
    met
        Is told of each QNode before it is called.
    takes
        Says of a QNode, at an optimiser step, whether its call is recorded; without it every call is.
    home
        The process that the trace belongs to, every other one records beside it; 0 for the one that makes the recorder.
    """

    def __init__(
        self,
        path: Path,
        folder: str,
        met: Optional[Callable[[Any], None]] = None,
        takes: Optional[Callable[[Any, int], bool]] = None,
        home: int = 0,
    ) -> None:
        self.path = path
        self._met = met
        self._takes = takes
        self.home = home or os.getpid()
        self.steps = 0
        self.stopped = False
        self.passes = backward.Passes(self._write_backwards)
        places = source_places.Places(folder)
        self._reader = call_reader.Reader(places)
        self._training: Optional[training_watch.TrainingWatch] = training_watch.TrainingWatch(places, self._fact)
        self.losses = loss_watch.Losses(places, lambda text: self._event(Event("loss axes", self.count, text)))
        self._writer: Optional[HeldWriter] = None
        self._prober: Optional[probe_schedule.Prober] = None
        self._step_prober: Optional[step_probe.StepProber] = None
        self._pending: list[Event] = []
        self._arrived: backward.Found = []
        self._notes = 0
        self._warnings = 0
        self._astray = 0
        self._shapes = False
        self._named: set[tuple[Any, str]] = set()
        self._threads: dict[int, int] = {}
        self._reset()
        if hasattr(os, "register_at_fork"):
            # the interpreter keeps the hook for ever, and is not to keep the recorder
            forked = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (forked() or _nothing)())

    def _reset(self) -> None:
        self._local = threading.local()
        self._lock = threading.RLock()
        baked = baked_values.BakedValues(self.path, self._reader.places, self._tell_baked, self._untold, self._silence)
        self.traced = traced_calls.TracedCalls(self._lock, self.passes, self._write_traced, baked)

    def _after_fork(self) -> None:
        """In a forked child: the inherited database handle must never be used, nor closed."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self._pending = []
        self._arrived = []
        self._threads = {}
        self.passes.forget()
        self._reset()

    # --- calls ---------------------------------------------------------------------------------------------------------

    def begin(
        self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Optional[FrameType]
    ) -> Optional[call_reader.Ongoing]:
        """A QNode is about to be called from a frame."""
        if self.stopped:
            return None
        try:
            if self._met is not None:
                self._met(qnode)
            if self._prober is not None:
                self._release_probes(before=qnode)
            if self._takes is not None and not self._takes(qnode, self.steps):
                return None
            if any(getattr(value, "is_meta", False) for value in (*args, *kwargs.values())):
                self._skip_shapes()
                return None
            source, layer = self._reader.places.caller(frame)
            if not source.path:
                source = self._reader.places.definition(qnode_attributes.code_of(qnode))
            call = call_reader.Ongoing(qnode, args, kwargs, source, layer)
            if call.has_transforms:
                call.library = self._reader.places.library(frame)
            under_way = self.under_way()
            call.parent = under_way[-1] if under_way else None
            under_way.append(call)
            return call
        except Exception as error:
            self.unseen(Gap.UNRECORDED, f"A call was not recorded: {_words(error)}.")
            return None

    def _skip_shapes(self) -> None:
        """A QNode is called with tensors that have no numbers, for the shapes of its results: that is no evaluation."""
        if not self._shapes:
            self.note(SHAPES)
        self._shapes = True

    def under_way(self) -> list[call_reader.Ongoing]:
        """The calls that this thread is inside of, outermost first."""
        try:
            under_way: list[call_reader.Ongoing] = self._local.under_way
        except AttributeError:
            under_way = self._local.under_way = []
        return under_way

    def expect_run(self, call: call_reader.Ongoing) -> None:
        """It is known how a call will be evaluated, and it has not been yet."""
        with suppress(Exception):
            if not self.stopped:
                self.traced.expect_run(call, self._reader.numbers_before)

    def finish(self, call: call_reader.Ongoing, result: Any) -> Any:
        """The call returned; gives what takes the place of the result, or None."""
        try:
            self._leave(call)
            outputs = results.outputs_of(result)
            read = self._reader.read(call, self.steps, self._thread(), outputs)
            if any(map(jax_numbers.is_traced, outputs)):
                watched = self.traced.begin(call, read, outputs)
                return None if watched is None else results.with_outputs(result, iter(watched))
            trainable = read.circuit.tracked()
            returned = backward.Returned(len(outputs), len(trainable), read.qnode.code)
            self._watch(returned, outputs, trainable, call)
            self._finish(call, call_reader.Done(read.entry, returned, tuple(call.children)))
            self._look_around(call, read, returned.index, outputs)
            self._probe(call, read, returned.index)
            self._step_probe(call, outputs, returned.index)
        except Exception as error:
            self._trouble(call, error)
        return None

    def finish_under_catalyst(self, call: call_reader.Ongoing, result: Any) -> None:
        """Catalyst has traced a call: what it compiles of that will tell of each run, where it can."""
        try:
            self._leave(call)
            why = qjit_calls.obstacle(call)
            if why or call.under_catalyst is None:
                self.unseen(*qjit_calls.not_recorded(call, why))
                return
            call.under_catalyst.returns = qnode_attributes.shape_of(result)
            qjit_calls.resolve_method(call)
            read = self._reader.read(call, self.steps, self._thread(), None)
            qjit_calls.await_runs(call, read, results.outputs_of(result))
        except Exception as error:
            self._trouble(call, error)

    def fail_under_catalyst(self, call: call_reader.Ongoing, error: BaseException) -> None:
        """Catalyst raised while it traced a call."""
        try:
            self._leave(call)
            traced = call.under_catalyst
            if only_stops(error):
                return
            if traced is not None and traced.tape is not None:
                traced.returns = "single" if len(traced.tape.measurements) == 1 else "tuple"
                qjit_calls.resolve_method(call)
                read = self._reader.read(call, self.steps, self._thread(), None)
                if self._write_refused(qjit_calls.Over(call, qjit_calls.failed_call(call, read)), failure_of(error, "forward")):
                    return
            self.unseen(*qjit_calls.not_recorded(call, f"Catalyst raised {type(error).__name__} while it traced it"))
        except Exception as trouble:
            self._trouble(call, trouble)

    def refused_under_catalyst(self, over: qjit_calls.Over, error: BaseException) -> None:
        """Catalyst has traced a call, and does not differentiate what it is in."""
        if not self.stopped and not only_stops(error):
            self._write_refused(over, failure_of(error, "backward"))

    def _write_refused(self, over: qjit_calls.Over, failure: Failure) -> bool:
        entry = qjit_calls.failed_entry(over.call, over.staged, failure)
        if entry is not None:
            self._write_traced(None, over.staged.read, call_reader.Done(entry, backward.Returned(0, 0), ()))
        return entry is not None

    def _look_around(self, call: call_reader.Ongoing, read: call_reader.Read, index: Optional[int], outputs: tuple[Any, ...]) -> None:
        """Tell what else is worth telling of a call that was written."""
        if index is None:
            return
        names = read.qnode.names
        if read.entry.container != "jax":
            # of JAX's there is nothing to be watched: where what it differentiates by begins, no array says
            ended = training_watch.Ended(call, index, read.circuit.sources, outputs)
            self.training(lambda watch: watch.call_ended(ended, names, self.steps))
        if not read.finite and self._astray < given_numbers.MOST_CALLS:
            self._astray += 1
            self._fact("not finite", call_text.text_of(given_numbers.given_numbers(call, index, names)), index)
        if read.entry.structure not in read.qnode.named:
            self._name_numbers(call, read, index)

    def _name_numbers(self, call: call_reader.Ongoing, read: call_reader.Read, index: int) -> None:
        """Tell, once for each structure that a QNode makes, which entries of its arguments the circuit's numbers are."""
        qnode = read.qnode
        if len(qnode.named) < MOST_NAMED:
            qnode.named.add(read.entry.structure)
        structure = (qnode.code, read.entry.structure)
        if structure in self._named or len(self._named) >= MOST_NAMED:
            return
        self._named.add(structure)
        named = argument_entries.name_numbers(call, qnode.names, read.circuit.sources)
        if any(named):
            self._fact(schema.NAMED, call_text.text_of(named), index)

    def _probe(self, call: call_reader.Ongoing, read: call_reader.Read, index: Optional[int]) -> None:
        """Have the QNode itself looked at beside the script, where its turn has come."""
        if self._prober is None or index is None or call.parent is not None or os.getpid() != self.home:
            return
        try:
            if read.entry.container == "jax":
                self._prober.cannot_probe(traced_calls.NO_COPY)
                return
            # by what autograd differentiates shows only while it does: such a call is probed besides one that is only evaluated
            entry = read.entry
            kind = entry.configuration + "|followed" * call.is_followed_by_autograd
            likeness = read.qnode.code, entry.structure, entry.arguments
            self._prober.probe_if_due(call, index, kind, self.passes.begun, likeness, entry.outputs)
        except Exception as error:
            self._prober = None
            self.unseen(Gap.NOT_PROBED, f"{probe_schedule.UNAVAILABLE}: {_words(error)}.")

    def _release_probes(self, before: Any = None) -> None:
        """Look at the QNodes that wait for it: what they were called with may change; before a call, only if it is one of them."""
        if self._prober is None or os.getpid() != self.home:
            return
        try:
            if before is None or self._prober.is_waiting(before):
                self._prober.release(self.passes.begun)
        except Exception as error:
            self._prober = None
            self.unseen(Gap.NOT_PROBED, f"{probe_schedule.UNAVAILABLE}: {_words(error)}.")

    def _step_probe(self, call: call_reader.Ongoing, outputs: tuple[Any, ...], index: Optional[int]) -> None:
        """Let the script itself go on in copies with the outputs moved, where no loss has asked anything of the QNode so far."""
        if self._step_prober is None or index is None or call.parent is not None or os.getpid() != self.home:
            return
        try:
            self._step_prober.returned(call.qnode, outputs, index, self.steps, self.passes.begun)
        except Exception as error:
            self._step_prober = None
            self.note(f"{step_probe.UNAVAILABLE}: {_words(error)}")

    def is_calling(self) -> bool:
        """Whether this thread is inside of a QNode call."""
        return bool(self.under_way())

    def root(self, loss: Optional[float], graph: Any) -> None:
        """A backward pass is about to begin at a loss (None where that is no single number) with a graph."""
        self._release_probes()
        if self._step_prober is not None and os.getpid() == self.home:
            self._step_prober.root(loss)

    def _keep_loss(self, number: int, loss: Optional[float]) -> None:
        """The loss that the script itself comes to after a step probe."""
        if loss is not None:
            with self._lock:
                self._try_write(lambda writer: writer.meta(step_probe_files.fact_of(number), repr(loss)))

    def _silence(self) -> None:
        self.stopped = True

    def fail(self, call: call_reader.Ongoing, error: BaseException) -> None:
        """The call raised."""
        try:
            self._leave(call)
            if only_stops(error):
                return
            stage = "build" if call.tape is None else "forward"
            read = self._reader.read(call, self.steps, self._thread(), None, failure_of(error, stage))
            if traced_calls.staged_among(read.sources):
                words = f"raised {type(error).__name__} while JAX traced it, before there was any number in it"
                self.unseen(Gap.UNRECORDED, f"A call at {call.source} {words}: call it once without jit and vmap.")
                return
            self._finish(call, call_reader.Done(read.entry, backward.Returned(0, 0), tuple(call.children)))
        except Exception as trouble:
            self._trouble(call, trouble)

    def _leave(self, call: call_reader.Ongoing) -> None:
        under_way = self.under_way()
        while under_way:
            if under_way.pop() is call:
                break

    def _watch(self, returned: backward.Returned, outputs: tuple[Any, ...], trainable: list[Any], call: call_reader.Ongoing) -> None:
        kinds = {container_of(output) for output in outputs}
        if "torch" not in kinds and "autograd" not in kinds:
            return
        arguments = {id(value) for value in (*call.args, *call.kwargs.values())}
        if "torch" in kinds:
            backward.watch_torch(self.passes, returned, outputs, trainable, arguments)
        elif any(hasattr(output, "_node") for output in outputs):
            backward.watch_autograd(self.passes, returned, outputs, trainable, arguments, self.autograd_failed)

    def _finish(self, call: call_reader.Ongoing, done: call_reader.Done) -> None:
        if call.parent is not None:
            call.parent.children.append(done)
            return
        self._write_done(done)

    def _write_traced(self, call: Optional[call_reader.Ongoing], read: call_reader.Read, done: call_reader.Done) -> None:
        """A call whose numbers were told: when it was made, or by a run of a function that JAX had traced before."""
        if call is None:
            self._write_done(done._replace(entry=done.entry._replace(step=self.steps)))
        else:
            self._finish(call, done)
            if done.returned.index is not None and read.entry.structure not in read.qnode.named:
                self._name_numbers(call, read, done.returned.index)
        if self._prober is not None:
            self._prober.cannot_probe(traced_calls.NO_COPY)

    def _write_done(self, done: call_reader.Done) -> None:
        with self._lock:
            self.passes.settle()
            writer = self._ready()
            with writer.transaction():
                self._write_waiting(writer)
                self._write_tree(writer, done, None)

    def _write_tree(self, writer: TraceWriter, done: call_reader.Done, parent: Optional[int]) -> None:
        index = writer.append(done.entry if parent is None else done.entry._replace(parent=parent))
        done.returned.index = index
        for child in done.children:
            self._write_tree(writer, child, index)

    def _thread(self) -> int:
        thread = threading.get_ident()
        known = self._threads.get(thread)
        if known is None:
            known = self._threads[thread] = len(self._threads)
            if known == 1:
                self.unseen(Gap.THREADS, _THREADS)
        return known

    # --- what comes between calls --------------------------------------------------------------------------------------

    def step(self, facts: Optional[Callable[[training_watch.TrainingWatch], tuple[Optional[int], str]]] = None) -> None:
        """An optimiser took a step: what is asked of the training's watch is its number and what is written of it."""
        number, text = (self.training(facts) if facts is not None else None) or (None, "")
        self.steps += 1
        self._event(Event("step", self.count, text, number))
        # a kill is not to cost what the script has finished: a commit takes some 25 µs, a step milliseconds
        self.flush()
        self.probe_parameters()

    def probe_parameters(self) -> None:
        """Let the script itself go on in copies with a parameter moved that gets no gradient."""
        ungiven = self.training(lambda watch: watch.take_ungiven())
        if not ungiven or self._step_prober is None or os.getpid() != self.home:
            return
        try:
            subjects = [branch.Subject(parameter.name, parameter.value, parameter.token) for parameter in ungiven]
            self._step_prober.ask(subjects, self.count, self.steps, self.passes.begun)
        except Exception as error:
            self._step_prober = None
            self.note(f"{step_probe.UNAVAILABLE}: {_words(error)}")

    def training(self, look: Callable[[training_watch.TrainingWatch], Any]) -> Any:
        """Have the training around the QNodes looked at; a look that fails is the last one."""
        if self._training is None or self.stopped:
            return None
        try:
            return look(self._training)
        except Exception as error:
            self._training = None
            self.unseen(Gap.NO_FACTS, f"The training around the QNodes was not watched any further: {_words(error)}.")
            return None

    def pass_begins(self, tensors: Any, accumulates: bool, frame: Optional[FrameType]) -> training_watch.Begun:
        """A backward pass begins at some tensors."""
        root = self.training(lambda watch: watch.root(tensors, accumulates, frame))
        return training_watch.Begun(self.passes.begin(), root)

    def pass_ends(self, begun: training_watch.Begun, error: Optional[BaseException] = None) -> None:
        """It is over, well or not."""
        self.passes.end(begun.brought)
        words = _words(error) if isinstance(error, Exception) else ""
        self.training(lambda watch: watch.root_ends(begun, words))
        if error is not None:
            self.failed_backward(begun.brought, error)

    def loss(self, value: float) -> None:
        """A scalar went backward, or an optimiser returned its cost."""
        self._event(Event("loss", self.count, number=value))

    def _fact(self, kind: str, text: str, number: Optional[float]) -> None:
        self._event(Event(kind, self.count, text, number))

    def note(self, text: str) -> None:
        """Something that the user should know about the recording."""
        self._notes += 1
        if self._notes <= MAX_NOTES:
            self._event(Event("note", self.count, text))

    def unseen(self, gap: Gap, text: str) -> None:
        """Something that the verdict is not about: in which way it was not seen, and what and why, as a whole sentence."""
        self._notes += 1
        self._event(Event(event_of(gap), self.count, text if self._notes <= MAX_NOTES else ""))

    def warned_backward(self, words: str) -> None:
        """A warning was shown outside of any call: if a backward pass is under way, it is of the call that the pass reached last."""
        if self._warnings >= MAX_WARNINGS:
            return
        self._warnings += 1
        reached = self.passes.under_way()
        if reached is None:
            self._event(Event("shown", self.count, words))
            return
        index = next((returned.index for returned in reversed(list(reached)) if returned.index is not None), None)
        self._event(Event("backward warning", self.count, words, index))

    def _untold(self, text: str) -> None:
        self.unseen(Gap.NOT_PROBED, text)

    def _tell_baked(self, found: BakedValue) -> None:
        self._event(Event("baked value", self.count, call_text.text_of(found), found.call))

    def failed_backward(self, current: backward.Pass, error: BaseException) -> None:
        """A backward pass raised: the call whose cotangent arrived last is where it was."""
        if not isinstance(error, Exception) or not current or _AGAIN in str(error):
            return
        self._write_failure(list(current)[-1], failure_of(error, "backward"))

    def autograd_failed(self, returned: backward.Returned) -> None:
        """Autograd's way back through a call raised."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception):
            self.passes.settle()
            self._write_failure(returned, failure_of(error, "backward"))

    def autograd_pass_failed(self, before: backward.Pass, error: BaseException) -> None:
        """A way back of autograd's raised; what had arrived before it began is not its own."""
        brought = {returned: arrived for returned, arrived in self.passes.unannounced().items() if before.get(returned) is not arrived}
        self.passes.settle()
        self.failed_backward(brought, error)

    def _write_failure(self, returned: backward.Returned, failure: Failure) -> None:
        with self._lock:
            if returned.index is not None and not self.stopped:
                self._try_write(lambda writer: writer.failure(returned.index or 0, failure))

    def script_failed(self, error: BaseException) -> None:
        """The script ends with an exception."""
        told = failure_told(str(error), "forward") if isinstance(error, Exception) and jax_numbers.is_of_jax(error) else None
        if told is not None and not self.stopped:
            self.traced.await_all()
            self.traced.fail_open(told)
        self.flush()
        if isinstance(error, Exception) and os.getpid() == self.home:
            text = call_text.text_of(failure_of(error, ""))
            self._try_write(lambda writer: writer.meta("failure", text))

    def flush(self) -> None:
        """Write what waits for the next call."""
        with self._lock:
            self.passes.settle()
            if self._pending or self._arrived:
                self._try_write(lambda writer: None)

    def end(self) -> None:
        """The process ends, and the recording with it: what a trace lacks whose process was replaced by another program."""
        self._release_probes()
        self.traced.await_all()
        for source in [] if self.stopped else self.traced.fail_open(None):
            self.unseen(Gap.UNRECORDED, f"A compiled call at {source} gave no results, and nobody said why: call it once without jit.")
        if not self.stopped and self._prober is not None:
            with suppress(Exception):
                self.traced.end()
        self.flush()
        if os.getpid() == self.home and self._writer is not None:
            self._try_write(lambda writer: writer.meta(schema.ENDED, "yes"))
        self._save()

    def close(self) -> None:
        """The recording is over while the program goes on: hooks that are still on its tensors become idle."""
        self.end()
        self.stopped = True
        self.passes.over = True
        if self._writer is not None:
            self._writer.close()

    # --- writing -------------------------------------------------------------------------------------------------------

    def _ready(self) -> HeldWriter:
        if self._writer is None:
            with collector.pause_collector():
                self._writer = self._make_writer()
                self._begin_trace(self._writer)
        return self._writer

    def _begin_trace(self, writer: HeldWriter) -> None:
        writer.meta("environment", call_text.text_of(stack.environment()))
        wanted = writer.fact(probe_schedule.WANTED)
        if wanted:
            unseen, seconds = functools.partial(self.unseen, Gap.NOT_PROBED), probe_schedule.seconds_of(wanted)
            self._prober = probe_schedule.Prober(self.path, unseen, self._silence, seconds)
            self._step_prober = step_probe.StepProber(self.path, self._reader.places, self.note, self._keep_loss)
        self._reader.places.learn_frameworks()

    def _make_writer(self) -> HeldWriter:
        if os.getpid() == self.home:
            writer = HeldWriter(self.path)
            if not writer.calls:
                return writer
            # of the program that this one has replaced: their numbers would be mixed up
            writer.close()
            self.home = 0
        return HeldWriter(side_files.make_side_file(self.path))

    @property
    def count(self) -> int:
        """How many calls were written so far."""
        return self._writer.calls if self._writer is not None else 0

    def _event(self, event: Event) -> None:
        with self._lock:
            self._pending.append(event)
            if len(self._pending) > MAX_WAITING or os.getpid() != self.home:
                self.flush()

    def _write_backwards(self, found: backward.Found) -> None:
        """What came back waits for the next call, with which it is committed: a commit takes longer than all the rest."""
        with self._lock:
            if self._step_prober is not None:
                for returned, _, brought in found:
                    self._step_prober.arrived(returned.code, brought.cotangents)
            self._arrived += found
            if len(self._arrived) > MAX_WAITING or os.getpid() != self.home:
                self._try_write(lambda writer: None)

    def _write_waiting(self, writer: TraceWriter) -> None:
        for returned, number, brought in self._arrived:
            if returned.index is not None:
                writer.backward(returned.index, number, brought)
        writer.events(self._pending)
        self._arrived.clear()
        self._pending.clear()

    def _try_write(self, write: Any) -> None:
        if self.stopped:
            return
        try:
            writer = self._ready()
            with writer.transaction():
                self._write_waiting(writer)
                write(writer)
        except Exception as error:
            self._trouble(None, error)

    def _save(self) -> None:
        """Leave nothing to those who settle the trace that can be committed now."""
        with self._lock:
            if self._writer is None or self.stopped:
                return
            try:
                self._writer.save()
            except Exception as error:
                self._trouble(None, error)

    def _trouble(self, call: Optional[call_reader.Ongoing], error: Exception) -> None:
        """A call that cannot be recorded is a note; a file that cannot be written ends the recording."""
        if isinstance(error, side_files.SettledError):
            self.stopped = True
            return
        if isinstance(error, (sqlite3.Error, OSError)):
            self.stopped = True
            words_left.mark_stopped(self.path, str(error))
            return
        if call is None:
            self.unseen(Gap.NO_FACTS, f"Something between two calls was not recorded: {_words(error)}.")
            return
        because = hidden_numbers.why_hidden((*call.args, *call.kwargs.values())) or _words(error)
        self.unseen(Gap.UNRECORDED, f"A call at {call.source} was not recorded: {because}.")


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".split("\n")[0][:300]


def _nothing() -> None:
    return
