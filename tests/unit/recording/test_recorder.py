"""The recorder keeps the order of things, writes them as they come, and never raises into the script."""

from __future__ import annotations

import gc
import math
import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

pytestmark = pytest.mark.stack

qml = pytest.importorskip("pennylane")
torch = pytest.importorskip("torch")
recorder_module = pytest.importorskip("qdiag.recording.recorder")

from qdiag.model.call import Call, Event, Script  # noqa: E402
from qdiag.model.coverage import Gap, event_of, gap_of  # noqa: E402
from qdiag.model.not_finite import NotFinite  # noqa: E402
from qdiag.recording import given_numbers, journal, settle, side_files  # noqa: E402
from qdiag.recording.recorder import SHAPES, Recorder  # noqa: E402
from qdiag.trace import call_parser, writer  # noqa: E402
from qdiag.trace.reader import Trace  # noqa: E402

DEVICE = qml.device("default.qubit", wires=2)


def rotation(x: Any) -> Any:
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))


class World:
    """A recorder, QNodes that call it as the hooks would, and the trace that they leave."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "trace.qdiag"
        writer.create(self.path, Script("train.py"))
        self.recorder = Recorder(self.path, str(folder))
        self.closed = False

    def call(self, qnode: Any, *args: Any, **kwargs: Any) -> Any:
        ongoing = self.recorder.begin(qnode, args, kwargs, sys._getframe(1))
        try:
            result = qnode(*args, **kwargs)
        except Exception as error:
            self.recorder.fail(ongoing, error)  # type: ignore[arg-type]
            raise
        if ongoing is not None:
            self.recorder.finish(ongoing, result)
        return result

    def backward(self, loss: Any) -> None:
        one = self.recorder.passes.begin()
        loss.backward()
        self.recorder.passes.end(one)

    def end(self) -> None:
        if not self.closed:
            self.closed = True
            self.recorder.close()
            settle.settle(self.path, Script("train.py", exit_code=0))

    @property
    def calls(self) -> list[Call]:
        self.end()
        with Trace.open(self.path) as trace:
            return list(trace.calls())

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened between calls, but for what the training is made of."""
        return tuple(event for event in self.facts if event.kind not in ("leaf", "optimiser", "named", "origins", "root"))

    @property
    def facts(self) -> tuple[Event, ...]:
        self.end()
        with Trace.open(self.path) as trace:
            return trace.events

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if event.kind == "note"]

    @property
    def unseen(self) -> list[Event]:
        return [event for event in self.events if gap_of(event.kind)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.recorder.stop()


@pytest.fixture
def qnode() -> Any:
    return qml.QNode(rotation, DEVICE, interface="torch", diff_method="backprop")


def settle_as_after_a_kill(world: World) -> None:
    """What a launcher does whose script was killed: nobody has told the recorder."""
    settle.settle(world.path, Script("train.py", exit_code=-9))


def weight(value: float = 0.3) -> Any:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


class TestACall:
    def test_is_written_as_it_ends(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        assert world.recorder.count == 1
        (call,) = world.calls
        assert call.outputs is not None
        assert float(call.outputs[0]) == pytest.approx(np.cos(0.3))
        assert call.source.function == "test_is_written_as_it_ends"
        assert call.configuration.qnode == "rotation"

    def test_comes_after_the_steps_that_were_taken(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        world.recorder.step()
        world.recorder.step()
        world.call(qnode, weight())
        assert [call.step for call in world.calls] == [0, 2]

    def test_without_numbers_is_told_with_what_it_was_given_a_few_times(self, world: World, qnode: Any) -> None:
        for _ in range(given_numbers.MOST_CALLS + 2):
            world.call(qnode, weight(math.nan))
        world.call(qnode, weight())
        told = [event for event in world.events if event.kind == "not finite"]
        assert [event.number for event in told] == list(range(given_numbers.MOST_CALLS))
        assert call_parser.value_from(NotFinite, told[0].text).given[0].lost == (0,)

    def test_inside_another_names_it_and_comes_after_it(self, world: World, qnode: Any) -> None:
        def outer(x: Any) -> Any:
            qml.RY(world.call(qnode, x).detach(), wires=0)
            return qml.expval(qml.PauliZ(0))

        world.call(qml.QNode(outer, DEVICE, interface="torch"), weight())
        assert [(call.configuration.qnode, call.parent) for call in world.calls] == [
            ("TestACall.test_inside_another_names_it_and_comes_after_it.outer", None),
            ("rotation", 0),
        ]

    def test_that_raised_is_kept_with_what_it_raised(self, world: World) -> None:
        def broken(x: Any) -> Any:
            raise ValueError("in the quantum function")

        with pytest.raises(ValueError, match="in the quantum function"):
            world.call(qml.QNode(broken, DEVICE), weight())
        (call,) = world.calls
        assert call.failure is not None
        assert (call.failure.type, call.failure.stage, call.outputs) == ("ValueError", "build", None)

    def test_that_was_interrupted_is_no_failure(self, world: World, qnode: Any) -> None:
        ongoing = world.recorder.begin(qnode, (weight(),), {}, None)
        assert ongoing is not None
        world.recorder.fail(ongoing, KeyboardInterrupt())
        assert world.calls == []

    def test_leaves_those_inside_it_that_never_ended(self, world: World, qnode: Any) -> None:
        outer = world.recorder.begin(qnode, (), {}, None)
        world.recorder.begin(qnode, (), {}, None)
        assert outer is not None
        world.recorder.fail(outer, KeyboardInterrupt())
        assert world.recorder.under_way() == []

    def test_from_nowhere_is_placed_where_the_quantum_function_is(self, world: World, qnode: Any) -> None:
        ongoing = world.recorder.begin(qnode, (weight(),), {}, None)
        assert ongoing is not None
        assert ongoing.source.function == "rotation"

    def test_is_told_to_whoever_asked_before_it_is_made(self, tmp_path: Path, qnode: Any) -> None:
        met: list[Any] = []
        Recorder(tmp_path / "trace", "", met.append).begin(qnode, (), {}, None)
        assert met == [qnode]

    def test_with_tensors_that_have_no_numbers_is_none(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        for _ in range(2):
            world.recorder.begin(qnode, (torch.zeros(1, device="meta"),), {}, None)
        assert len(world.calls) == 1
        assert [note for note in world.notes if "meta device" in note] == [SHAPES]


class TestWhatComesBack:
    def test_is_written_with_the_next_call(self, world: World, qnode: Any) -> None:
        angle = weight() * 1.0
        world.backward(2 * world.call(qnode, angle))
        world.call(qnode, weight())
        first, second = world.calls
        assert [np.asarray(c).tolist() for c in first.backwards[0].cotangents] == [2.0]
        assert second.backwards == ()

    def test_is_written_at_the_end_at_the_latest(self, world: World, qnode: Any) -> None:
        world.backward(world.call(qnode, weight()))
        assert len(world.calls[0].backwards) == 1

    def test_is_in_the_order_of_the_passes(self, world: World, qnode: Any) -> None:
        output = world.call(qnode, weight())
        for factor in (1.0, 2.0, 3.0):
            one = world.recorder.passes.begin()
            (factor * output).backward(retain_graph=True)
            world.recorder.passes.end(one)
        assert [float(back.cotangents[0]) for back in world.calls[0].backwards] == [1.0, 2.0, 3.0]  # type: ignore[arg-type]

    def test_that_raised_is_the_failure_of_the_call_that_it_reached_last(self, world: World, qnode: Any) -> None:
        first, second = world.call(qnode, weight()), world.call(qnode, weight())
        one = world.recorder.passes.begin()
        (first * 0 + second).backward()
        world.recorder.passes.end(one)
        world.recorder.failed_backward(one, RuntimeError("no rule for this gate"))
        failures = [call.failure for call in world.calls]
        reached = list(one)[-1].index
        assert [index for index, failure in enumerate(failures) if failure is not None] == [reached]

    @pytest.mark.parametrize(
        "error",
        [
            RuntimeError("Trying to backward through the graph a second time"),
            RuntimeError("one of the variables needed for gradient computation has been modified by an inplace operation"),
            RuntimeError("One of the differentiated Tensors appears to not have been used in the graph"),
            KeyboardInterrupt(),
        ],
        ids=["twice", "changed", "unused", "interrupt"],
    )
    def test_that_ended_for_reasons_of_the_script_is_no_failure(self, world: World, qnode: Any, error: BaseException) -> None:
        output = world.call(qnode, weight())
        one = world.recorder.passes.begin()
        output.backward()
        world.recorder.passes.end(one)
        world.recorder.failed_backward(one, error)
        assert world.calls[0].failure is None

    def test_that_raised_behind_a_call_is_none_of_its(self, world: World) -> None:
        output = world.call(qml.QNode(lambda x: rotation(2 * x), DEVICE, interface="torch"), weight())
        one = world.recorder.passes.begin()
        output.backward()
        world.recorder.passes.end(one)
        assert list(one.values())[-1].has_gradients
        world.recorder.failed_backward(one, RuntimeError("in the layer before the circuit"))
        assert world.calls[0].failure is None

    @pytest.mark.parametrize(("by", "fails"), [("pennylane.workflow", True), ("train", False)])
    def test_that_raised_in_python_is_a_failure_where_pennylane_ran(
        self, world: World, qnode: Any, by: str, fails: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raised = RuntimeError("no rule for this gate")
        output = world.call(qnode, weight())
        one = world.recorder.passes.begin()
        output.backward()
        world.recorder.passes.end(one)
        monkeypatch.setattr(recorder_module, "is_pennylanes_way_back", lambda error: error is raised and by.startswith("pennylane"))
        world.recorder.failed_backward(one, raised)
        assert (world.calls[0].failure is not None) is fails

    def test_of_autograds_that_raises_is_a_failure_of_the_call_that_it_reached_last(self, world: World, qnode: Any) -> None:
        first, second = world.call(qnode, weight()), world.call(qnode, weight())
        second.backward(retain_graph=True)
        before = world.recorder.passes.unannounced()
        (second * 0 + first).backward()
        reached = [one.index for one, arrived in world.recorder.passes.unannounced().items() if before.get(one) is not arrived][-1]
        world.recorder.autograd_pass_failed(before, RuntimeError("no rule for this gate"))
        assert [call.failure is not None for call in world.calls] == [index == reached for index in range(2)]

    def test_of_autograds_that_raises_before_it_reaches_a_call_is_none_of_an_earlier_one(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight()).backward()
        world.recorder.autograd_pass_failed(world.recorder.passes.unannounced(), RuntimeError("in the script's own loss"))
        assert world.calls[0].failure is None

    def test_of_a_loss_without_a_call_is_nothing(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        world.recorder.failed_backward({}, RuntimeError("elsewhere"))
        world.backward(weight() ** 2)
        assert world.calls[0].backwards == ()
        assert world.calls[0].failure is None

    def test_a_warning_shown_on_the_way_is_of_the_call_that_was_reached(self, world: World, qnode: Any) -> None:
        output = world.call(qnode, weight())
        world.recorder.warned_backward("UserWarning: before any pass")
        one = world.recorder.passes.begin()
        world.recorder.warned_backward("UserWarning: before any call")
        output.backward()
        world.recorder.warned_backward("UserWarning: in the call")
        world.recorder.passes.end(one)
        shown = [(event.text, event.number) for event in world.events if event.kind == "backward warning"]
        assert shown == [("UserWarning: before any call", None), ("UserWarning: in the call", 0)]

    def test_warnings_on_the_way_are_kept_up_to_a_limit(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        one = world.recorder.passes.begin()
        for _ in range(recorder_module.MAX_WARNINGS + 20):
            world.recorder.warned_backward("UserWarning: again")
        world.recorder.passes.end(one)
        assert len([event for event in world.events if event.kind == "backward warning"]) == recorder_module.MAX_WARNINGS


class TestWhatComesBetweenCalls:
    def test_keeps_its_place(self, world: World, qnode: Any) -> None:
        world.recorder.loss(0.9)
        world.call(qnode, weight())
        world.recorder.loss(0.5)
        world.recorder.step()
        world.call(qnode, weight())
        assert world.events == (Event("loss", 0, number=0.9), Event("loss", 1, number=0.5), Event("step", 1))

    def test_does_not_wait_for_ever(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        for _ in range(journal.MAX_WAITING + 1):
            world.recorder.loss(0.5)
        settle_as_after_a_kill(world)
        with Trace.open(world.path) as trace:
            assert len(trace.events) == journal.MAX_WAITING + 1

    def test_is_written_when_the_script_fails(self, world: World, qnode: Any) -> None:
        world.recorder.step()
        world.recorder.script_failed(ValueError("the script's"))
        world.end()
        with Trace.open(world.path) as trace:
            assert trace.script.failure is not None
            assert trace.script.failure.message == "the script's"
            assert trace.events == (Event("step", 0),)

    def test_an_interrupt_is_no_failure_of_the_script(self, world: World) -> None:
        world.recorder.script_failed(KeyboardInterrupt())
        world.end()
        with Trace.open(world.path) as trace:
            assert trace.script.failure is None


class TestTrouble:
    def test_with_one_call_is_a_note_and_the_next_is_recorded(self, world: World, qnode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*given: Any) -> None:
            raise AttributeError("no such thing in this version\nsecond line")

        with monkeypatch.context() as patch:
            patch.setattr(world.recorder._reader, "read", broken)
            world.call(qnode, weight())
        world.call(qnode, weight())
        assert len(world.calls) == 1
        (unseen,) = world.unseen
        assert unseen.kind == event_of(Gap.UNRECORDED)
        assert unseen.text.endswith("was not recorded: AttributeError: no such thing in this version.")
        assert "test_recorder.py" in unseen.text

    def test_with_tensors_that_hide_their_numbers_says_why(self, world: World, qnode: Any) -> None:
        transforms = pytest.importorskip("torch.func")
        transforms.vmap(lambda x: world.call(qnode, x))(torch.tensor([0.1, 0.2], dtype=torch.float64))
        (unseen,) = world.unseen
        assert "was not recorded: its tensors hide their numbers inside torch.func's transforms (vmap, jacfwd, hessian" in unseen.text

    def test_before_a_call_is_a_note_too(self, world: World, qnode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(frame: Any) -> None:
            raise KeyError("frame")

        monkeypatch.setattr(world.recorder._reader.places, "caller", broken)
        assert world.recorder.begin(qnode, (), {}, None) is None
        assert [(event.kind, event.text) for event in world.unseen] == [
            (event_of(Gap.UNRECORDED), "A call was not recorded: KeyError: 'frame'.")
        ]

    def test_with_the_words_of_what_was_not_seen_is_cut_and_the_number_of_calls_is_kept(self, world: World) -> None:
        for number in range(journal.MAX_NOTES * 2):
            world.recorder.unseen(Gap.UNRECORDED, f"Call {number} was not recorded.")
        assert len(world.unseen) == journal.MAX_NOTES * 2
        assert len({event.text for event in world.unseen}) == journal.MAX_NOTES + 1

    def test_between_two_calls_is_a_gap_in_what_is_known_of_the_training(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        world.recorder.journal.write(lambda writer: 1 / 0)
        world.call(qnode, weight())
        (unseen,) = world.unseen
        assert unseen.kind == event_of(Gap.NO_FACTS)
        assert unseen.text == "Something between two calls was not recorded: ZeroDivisionError: division by zero."

    def test_of_one_kind_is_noted_only_so_often(self, world: World) -> None:
        for _ in range(journal.MAX_NOTES * 3):
            world.recorder.note("the same trouble")
        assert len(world.notes) == journal.MAX_NOTES

    @pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), OSError(28, "No space left")])
    def test_with_the_file_ends_the_recording_and_says_so(
        self, world: World, qnode: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        world.call(qnode, weight())

        def full(*given: Any) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(world.recorder.journal._writer, "append", full)
            world.call(qnode, weight())
        world.call(qnode, weight())
        assert world.recorder.stopped
        assert len(world.calls) == 1
        (unseen,) = world.unseen
        assert unseen.kind == event_of(Gap.STOPPED)
        assert str(error)[:20] in unseen.text

    def test_with_probing_is_a_note_once_and_calls_go_on(self, world: World, qnode: Any) -> None:
        class Broken:
            def is_waiting(self, *given: Any) -> bool:
                return False

            def probe_if_due(self, *given: Any, **named: Any) -> None:
                raise RuntimeError("no fork today")

        world.call(qnode, weight())
        world.recorder._probers._of_qnodes = Broken()  # type: ignore[assignment]
        world.call(qnode, weight())
        world.call(qnode, weight())
        assert [event.text for event in world.unseen] == ["Probe unavailable: RuntimeError: no fork today."]
        assert len(world.calls) == 3

    def test_with_a_call_s_hooks_never_reaches_the_script(self, world: World, qnode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*given: Any) -> None:
            raise RuntimeError("ours")

        monkeypatch.setattr(recorder_module.backward, "watch_torch", broken)
        assert float(world.call(qnode, weight()).detach()) == pytest.approx(np.cos(0.3))
        assert world.recorder.count == 0


def test_calls_from_a_second_thread_are_numbered_and_no_harm_one_after_another(world: World, qnode: Any) -> None:
    world.call(qnode, weight())
    for _ in range(2):
        thread = threading.Thread(target=lambda: world.call(qnode, weight()))
        thread.start()
        thread.join()
    assert [call.thread for call in world.calls][:2] == [0, 1]
    assert not world.unseen


def test_calls_from_two_threads_at_once_are_warned_of_once(world: World, qnode: Any) -> None:
    for _ in range(2):
        ours = world.recorder.begin(qnode, (weight(),), {}, None)
        thread = threading.Thread(target=lambda: world.call(qnode, weight()))
        thread.start()
        thread.join()
        assert ours is not None
        world.recorder.fail(ours, KeyboardInterrupt())
    (unseen,) = world.unseen
    assert unseen.kind == event_of(Gap.THREADS)
    assert "not thread-safe" in unseen.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
class TestInAForkedChild:
    def fork(self, world: World, work: Any) -> None:
        child = os.fork()
        if child == 0:
            try:
                work()
                world.recorder.flush()
            finally:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    def test_calls_go_to_a_file_beside_the_trace_and_become_part_of_it(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight(0.1))
        # an autograd-free call: torch cannot go backward in a copy of a process that has
        self.fork(world, lambda: world.call(qnode, torch.tensor(0.2, dtype=torch.float64)))
        world.call(qnode, weight(0.3))
        seen = [(call.process, round(float(call.circuit.parameters[0].value), 3)) for call in world.calls]
        assert seen == [(0, 0.1), (0, 0.3), (1, 0.2)]

    def test_what_waits_in_the_parent_is_written_by_the_parent_alone(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        world.recorder.step()
        self.fork(world, lambda: None)
        assert world.events == (Event("step", 1),)

    def test_nothing_is_probed(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        asked = world.path.with_name("asked")

        class Prober:
            def probe_if_due(self, *given: Any, **named: Any) -> None:
                asked.touch()

        world.recorder._probers._of_qnodes = Prober()  # type: ignore[assignment]
        self.fork(world, lambda: world.call(qnode, torch.tensor(0.2)))
        assert not asked.exists()


def test_a_step_is_in_the_trace_when_it_is_taken_with_the_loss_and_the_backward_pass_before_it(world: World, qnode: Any) -> None:
    """A kill may come before the next call."""
    output = world.call(qnode, weight())
    output.backward()
    world.recorder.loss(0.5)
    world.recorder.step()
    settle_as_after_a_kill(world)
    with Trace.open(world.path) as trace:
        assert [event.kind for event in trace.events][-2:] == ["loss", "step"]
        assert len(trace.call(0).backwards) == 1


class TestWhoseTraceItIs:
    def test_where_another_process_is_the_first_to_call_it_records_beside(self, tmp_path: Path, qnode: Any) -> None:
        """The frameworks were loaded before a pool was forked; here this process is one of the pool."""
        path = tmp_path / "trace"
        writer.create(path, Script("train.py"))
        recorder = Recorder(path, str(tmp_path), home=os.getppid())
        recorder.note("the worker's")
        assert [side.process for side in side_files.sides_of(path)] == [os.getpid()]
        recorder.close()
        with Trace.open(path) as trace:
            assert trace.events == ()

    def test_a_program_that_takes_the_place_of_another_records_beside_what_that_has_called(self, world: World, qnode: Any) -> None:
        world.call(qnode, weight())
        world.recorder.close()
        again = Recorder(world.path, "", home=os.getpid())
        again.note("of the second program")
        again.flush()
        assert len(side_files.sides_of(world.path)) == 1

    def test_and_goes_on_in_the_trace_where_that_has_called_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "trace"
        writer.create(path, Script("train.py"))
        again = Recorder(path, "", home=os.getpid())
        again.note("of the second program")
        again.flush()
        assert side_files.sides_of(path) == []


def test_a_recorder_that_is_closed_records_nothing_more(world: World, qnode: Any) -> None:
    output = world.call(qnode, weight())
    world.recorder.close()
    output.backward()
    assert world.recorder.begin(qnode, (), {}, None) is None
    settle.settle(world.path, Script("train.py"))
    with Trace.open(world.path) as trace:
        assert len(trace) == 1
        assert trace.call(0).backwards == ()


def test_the_interpreters_fork_hook_keeps_no_recorder_alive(tmp_path: Path) -> None:
    made: Optional[Recorder] = Recorder(tmp_path / "trace", "")
    alive = weakref.ref(made)
    made = None
    gc.collect()
    assert alive() is None
