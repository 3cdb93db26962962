"""Keeps the order of things: calls, backward passes, steps, losses, processes and threads, and writes them as they come.

Nothing here ever raises into the script: whatever goes wrong turns the recording of that call off, or of all, and is noted.
"""

from __future__ import annotations

import os
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
from qdiag.bridges.failures import failure_of, failure_told, is_pennylanes_way_back, only_stops, ran_in
from qdiag.bridges.live import hidden_numbers, qnode_attributes
from qdiag.bridges.live.arguments import live_leaves
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Failure
from qdiag.model.coverage import Gap
from qdiag.recording import (
    backward,
    baked_values,
    call_reader,
    loss_watch,
    ongoing_call,
    qjit_calls,
    source_places,
    traced_calls,
    traced_runs,
    training_watch,
)
from qdiag.recording.call_facts import CallFacts
from qdiag.recording.journal import Journal, words_of
from qdiag.recording.probers import Probers
from qdiag.recording.script_threads import ScriptThreads
from qdiag.trace import call_text, schema
from qdiag.trace.held_writer import HeldWriter

MAX_WARNINGS = 100
"""Warnings kept that were shown in backward passes."""

_THREADS = "QNodes were called from several threads at once: PennyLane is not thread-safe, results may be wrong with or without qdiag."

SHAPES = (
    "A QNode was called with tensors on torch's meta device, which have a shape and no numbers, as Keras does to learn the shapes of "
    "its results: such calls are not counted."
)

_NO_CALLS = ("backward through the graph a second time", "modified by an inplace operation", "not have been used in the graph")
"""Torch's words where the script went backward twice, or changed what the graph holds: nothing that a call is to blame for."""


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
        self._met = met
        self._takes = takes
        self.steps = 0
        self.passes = backward.Passes(self._arrive)
        self.journal = Journal(path, home or os.getpid(), self.passes.settle, self._begin_trace)
        places = source_places.Places(folder)
        self._reader = call_reader.Reader(places)
        self._probers = Probers(self.journal, self.passes, places, self.stop)
        self._training: Optional[training_watch.TrainingWatch] = training_watch.TrainingWatch(places, self.journal.event)
        self._facts = CallFacts(self.journal, self.training)
        self.losses = loss_watch.Losses(places, lambda text: self.journal.event("loss axes", text))
        self._warnings = 0
        self._shapes = False
        self._threads = ScriptThreads(lambda: self.unseen(Gap.THREADS, _THREADS))
        self._reset()
        if hasattr(os, "register_at_fork"):
            # the interpreter keeps the hook for ever, and is not to keep the recorder
            forked = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: (forked() or _nothing)())

    def _reset(self) -> None:
        self._local = threading.local()
        baked = baked_values.BakedValues(self.journal.path, self._reader.places, self._tell_baked, self._untold, self.stop)
        self.traced = traced_calls.TracedCalls(
            self.journal.lock, self.passes, self._write_traced, baked, lambda rows: self.journal.event(schema.ROWS, number=rows)
        )

    def _after_fork(self) -> None:
        self.journal.after_fork()
        self._threads.forget()
        self.passes.forget()
        self._reset()

    @property
    def stopped(self) -> bool:
        """Whether nothing is recorded any more."""
        return self.journal.stopped

    def stop(self) -> None:
        """Record nothing from here on."""
        self.journal.stopped = True

    @property
    def count(self) -> int:
        """How many calls were written so far."""
        return self.journal.count

    # --- calls ---------------------------------------------------------------------------------------------------------

    def begin(
        self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Optional[FrameType]
    ) -> Optional[ongoing_call.Ongoing]:
        """A QNode is about to be called from a frame."""
        if self.stopped:
            return None
        try:
            self._probers.calls()
            if self._met is not None:
                self._met(qnode)
            self._probers.release(before=qnode)
            if self._takes is not None and not self._takes(qnode, self.steps):
                return None
            if any(getattr(value, "is_meta", False) for value in (*args, *kwargs.values())):
                self._skip_shapes()
                return None
            source, layer = self._reader.places.caller(frame)
            if not source.path:
                source = self._reader.places.definition(qnode_attributes.code_of(qnode))
            call = ongoing_call.Ongoing(qnode, args, kwargs, source, layer)
            if call.has_transforms:
                call.library = self._reader.places.library(frame)
            call.began = backward.next_node()
            under_way = self.under_way()
            call.parent = under_way[-1] if under_way else None
            under_way.append(call)
            self._threads.call(under_way=True)
            return call
        except Exception as error:
            self.unseen(Gap.UNRECORDED, f"A call was not recorded: {words_of(error)}.")
            return None

    def _skip_shapes(self) -> None:
        """A QNode is called with tensors that have no numbers, for the shapes of its results: that is no evaluation."""
        if not self._shapes:
            self.note(SHAPES)
        self._shapes = True

    def under_way(self) -> list[ongoing_call.Ongoing]:
        """The calls that this thread is inside of, outermost first."""
        try:
            under_way: list[ongoing_call.Ongoing] = self._local.under_way
        except AttributeError:
            under_way = self._local.under_way = []
        return under_way

    def expect_run(self, call: ongoing_call.Ongoing) -> None:
        """It is known how a call will be evaluated, and it has not been yet."""
        with suppress(Exception):
            if not self.stopped:
                self.traced.expect_run(call, self._reader.numbers_before)

    def finish(self, call: ongoing_call.Ongoing, result: Any) -> Any:
        """The call returned; gives what takes the place of the result, or None."""
        try:
            self._leave(call)
            outputs = results.outputs_of(result)
            read = self._reader.read(call, self.steps, self._threads.number(), outputs)
            if any(map(jax_numbers.is_traced, outputs)):
                watched = self.traced.begin(call, read, outputs)
                return None if watched is None else results.with_outputs(result, iter(watched))
            trainable = read.circuit.tracked()
            returned = backward.Returned(len(outputs), len(trainable), read.qnode.code)
            self._watch(returned, outputs, trainable, call)
            self._finish(call, ongoing_call.Done(read.entry, returned, tuple(call.children)))
        except Exception as error:
            self._trouble(call, error)
            return None
        if returned.index is not None:
            self._tell_of(call, read, returned.index, outputs)
        return None

    def _tell_of(self, call: ongoing_call.Ongoing, read: ongoing_call.Read, index: int, outputs: tuple[Any, ...]) -> None:
        """What there is to know of a call besides, once it is written."""
        try:
            self._facts.tell(call, read, index, outputs, self.steps)
            self._probers.called(call, read, index)
            self._probers.returned(call, outputs, index, self.steps)
        except Exception as error:
            if not self.journal.gives_up(error):
                self.unseen(Gap.NO_FACTS, f"Not all of the call at {call.source} was recorded: {words_of(error)}.")

    def finish_under_catalyst(self, call: ongoing_call.Ongoing, result: Any) -> None:
        """Catalyst has traced a call: what it compiles of that will tell of each run, where it can."""
        try:
            self._leave(call)
            why = qjit_calls.obstacle(call)
            if why or call.under_catalyst is None:
                self.unseen(*qjit_calls.not_recorded(call, why))
                return
            call.under_catalyst.returns = qnode_attributes.shape_of(result)
            qjit_calls.resolve_method(call)
            read = self._reader.read(call, self.steps, self._threads.number(), None)
            qjit_calls.await_runs(call, read, results.outputs_of(result))
        except Exception as error:
            self._trouble(call, error)

    def fail_under_catalyst(self, call: ongoing_call.Ongoing, error: BaseException) -> None:
        """Catalyst raised while it traced a call."""
        try:
            self._leave(call)
            traced = call.under_catalyst
            if only_stops(error):
                return
            if traced is not None and traced.tape is not None:
                traced.returns = "single" if len(traced.tape.measurements) == 1 else "tuple"
                qjit_calls.resolve_method(call)
                read = self._reader.read(call, self.steps, self._threads.number(), None)
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
            self._write_traced(None, over.staged.read, ongoing_call.Done(entry, backward.Returned(0, 0), ()))
        return entry is not None

    def is_calling(self) -> bool:
        """Whether this thread is inside of a QNode call."""
        return bool(self.under_way())

    def root(self, loss: Optional[float], graph: Any, accumulates: bool = True) -> None:
        """A backward pass is about to begin at a loss (None where that is no single number) with a graph."""
        self._probers.root(loss, accumulates)

    def fail(self, call: ongoing_call.Ongoing, error: BaseException) -> None:
        """The call raised."""
        try:
            self._leave(call)
            if only_stops(error):
                return
            # older PennyLanes have a tape before the quantum function has filled it
            is_built = call.tape is not None and not ran_in(error, qnode_attributes.code_of(call.qnode))
            stage = "forward" if is_built else "build"
            read = self._reader.read(call, self.steps, self._threads.number(), None, failure_of(error, stage))
            if traced_runs.staged_among(read.sources):
                words = f"raised {type(error).__name__} while JAX traced it, before there was any number in it"
                self.unseen(Gap.UNRECORDED, f"A call at {call.source} {words}: call it once without jit and vmap.")
                return
            self._finish(call, ongoing_call.Done(read.entry, backward.Returned(0, 0), tuple(call.children)))
        except Exception as trouble:
            self._trouble(call, trouble)

    def _leave(self, call: ongoing_call.Ongoing) -> None:
        under_way = self.under_way()
        while under_way:
            if under_way.pop() is call:
                break
        self._threads.call(under_way=bool(under_way))

    def _watch(self, returned: backward.Returned, outputs: tuple[Any, ...], trainable: list[Any], call: ongoing_call.Ongoing) -> None:
        kinds = {container_of(output) for output in outputs}
        if "torch" not in kinds and "autograd" not in kinds:
            return
        arguments = list(live_leaves((*call.args, *call.kwargs.values())))
        if "torch" in kinds:
            backward.watch_torch(self.passes, returned, outputs, trainable, arguments, call.began)
        elif any(hasattr(output, "_node") for output in outputs):
            backward.watch_autograd(self.passes, returned, outputs, trainable, arguments, self.autograd_failed)

    def _finish(self, call: ongoing_call.Ongoing, done: ongoing_call.Done) -> None:
        if call.parent is not None:
            call.parent.children.append(done)
            return
        self.journal.call(done)

    def _write_traced(self, call: Optional[ongoing_call.Ongoing], read: ongoing_call.Read, done: ongoing_call.Done) -> None:
        """A call whose numbers were told: when it was made, or by a run of a function that JAX had traced before."""
        if call is None:
            self.journal.call(done._replace(entry=done.entry._replace(step=self.steps)))
        else:
            self._finish(call, done)
            if done.returned.index is not None:
                self._facts.name_numbers(call, read, done.returned.index)
        self._probers.cannot_probe(traced_calls.NO_COPY)

    # --- what comes between calls --------------------------------------------------------------------------------------

    def step(self, facts: Optional[Callable[[training_watch.TrainingWatch], tuple[Optional[int], str]]] = None) -> None:
        """An optimiser took a step: what is asked of the training's watch is its number and what is written of it."""
        number, text = (self.training(facts) if facts is not None else None) or (None, "")
        self.steps += 1
        self.journal.event("step", text, number)
        # a kill is not to cost what the script has finished: a commit takes some 25 µs, a step milliseconds
        self.flush()
        self.probe_parameters()

    def probe_parameters(self) -> None:
        """Let the script itself go on in copies with a parameter moved that gets no gradient."""
        self._probers.ungiven(self.training(lambda watch: watch.take_ungiven()) or (), self.steps)
        stepped = self.training(lambda watch: watch.take_stepped())
        if stepped is not None:
            optimiser, taken, groups = stepped
            self._probers.slopes(optimiser, taken, groups, self.steps)

    def training(self, look: Callable[[training_watch.TrainingWatch], Any]) -> Any:
        """Have the training around the QNodes looked at; a look that fails is the last one."""
        if self._training is None or self.stopped:
            return None
        try:
            return look(self._training)
        except Exception as error:
            self._training = None
            self.unseen(Gap.NO_FACTS, f"The training around the QNodes was not watched any further: {words_of(error)}.")
            return None

    def pass_begins(self, tensors: Any, accumulates: bool, frame: Optional[FrameType]) -> training_watch.Begun:
        """A backward pass begins at some tensors."""
        root = self.training(lambda watch: watch.root(tensors, accumulates, frame))
        self._threads.go_back(under_way=True)
        return training_watch.Begun(self.passes.begin(), root, accumulates)

    def pass_ends(self, begun: training_watch.Begun, error: Optional[BaseException] = None) -> None:
        """It is over, well or not."""
        self.passes.end(begun.brought)
        self._threads.go_back(under_way=self.passes.under_way() is not None)
        self._probers.pass_ends(begun.accumulates)
        words = words_of(error) if isinstance(error, Exception) else ""
        self.training(lambda watch: watch.root_ends(begun, words))
        if error is not None:
            self.failed_backward(begun.brought, error)

    def loss(self, value: float) -> None:
        """A scalar went backward, or an optimiser returned its cost."""
        self.journal.event("loss", number=value)

    def note(self, text: str) -> None:
        """Something that the user should know about the recording."""
        self.journal.note(text)

    def unseen(self, gap: Gap, text: str) -> None:
        """Something that the verdict is not about: in which way it was not seen, and what and why, as a whole sentence."""
        self.journal.unseen(gap, text)

    def warned_backward(self, words: str) -> None:
        """A warning was shown outside of any call: if a backward pass is under way, it is of the call that the pass reached last."""
        if self._warnings >= MAX_WARNINGS:
            return
        self._warnings += 1
        reached = self.passes.under_way()
        if reached is None:
            self.journal.event("shown", words)
            return
        index = next((returned.index for returned in reversed(list(reached)) if returned.index is not None), None)
        self.journal.event("backward warning", words, index)

    def _untold(self, text: str) -> None:
        self.unseen(Gap.NOT_PROBED, text)

    def _tell_baked(self, found: BakedValue) -> None:
        self.journal.event("baked value", call_text.text_of(found), found.call)

    def failed_backward(self, current: backward.Pass, error: BaseException) -> None:
        """A backward pass raised: where it was in a call, it was in the one whose cotangent arrived last."""
        if not isinstance(error, Exception) or not current or any(words in str(error) for words in _NO_CALLS):
            return
        returned = list(current)[-1]
        by_pennylane = is_pennylanes_way_back(error)
        # once a gradient has come out of a call, the pass is behind it
        if by_pennylane or (by_pennylane is None and not current[returned].has_gradients):
            self.journal.failure(returned.index, failure_of(error, "backward"))

    def autograd_failed(self, returned: backward.Returned) -> None:
        """Autograd's way back through a call raised."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception):
            self.passes.settle()
            self.journal.failure(returned.index, failure_of(error, "backward"))

    def autograd_pass_failed(self, before: backward.Pass, error: BaseException) -> None:
        """A way back of autograd's raised; what had arrived before it began is not its own."""
        brought = {returned: arrived for returned, arrived in self.passes.unannounced().items() if before.get(returned) is not arrived}
        self.passes.settle()
        self.failed_backward(brought, error)

    def script_failed(self, error: BaseException) -> None:
        """The script ends with an exception."""
        told = failure_told(str(error), "forward") if isinstance(error, Exception) and jax_numbers.is_of_jax(error) else None
        if told is not None and not self.stopped:
            self.traced.await_all()
            self.traced.fail_open(told)
        self.flush()
        if isinstance(error, Exception) and self.journal.at_home:
            self.journal.fact("failure", call_text.text_of(failure_of(error, "")))

    def flush(self) -> None:
        """Write what waits for the next call."""
        self.journal.flush()

    def end(self) -> None:
        """The process ends, and the recording with it: what a trace lacks whose process was replaced by another program."""
        self._probers.end()
        self.traced.await_all()
        for source in [] if self.stopped else self.traced.fail_open(None):
            self.unseen(Gap.UNRECORDED, f"A compiled call at {source} gave no results, and nobody said why: call it once without jit.")
        if not self.stopped and self._probers.probing:
            with suppress(Exception):
                self.traced.end()
        self.journal.end()

    def close(self) -> None:
        """The recording is over while the program goes on: hooks that are still on its tensors become idle."""
        self.end()
        self.passes.over = True
        self.journal.close()

    def _begin_trace(self, writer: HeldWriter) -> None:
        writer.meta("environment", call_text.text_of(stack.environment()))
        self._probers.begin(writer)
        self._reader.places.learn_frameworks()

    def _arrive(self, found: backward.Found) -> None:
        with self.journal.lock:
            self._probers.arrived(found)
            self.journal.arrive(found)

    def _trouble(self, call: ongoing_call.Ongoing, error: Exception) -> None:
        """A call that cannot be recorded is a note; a file that cannot be written ends the recording."""
        if self.journal.gives_up(error):
            return
        because = hidden_numbers.why_hidden((*call.args, *call.kwargs.values())) or words_of(error)
        self.unseen(Gap.UNRECORDED, f"A call at {call.source} was not recorded: {because}.")


def _nothing() -> None:
    return
