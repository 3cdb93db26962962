"""Runs of what JAX traced become calls, in whatever order they tell; with types made here in the place of JAX's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Optional

import numpy as np
import pytest

import qdiag.bridges.live
from qdiag.model.call import Failure, SourceLine
from qdiag.recording import current, traced_calls
from qdiag.recording.backward import Found, Passes
from qdiag.recording.ongoing_call import Done, Ongoing, Read
from qdiag.recording.traced_calls import TracedCalls
from tests.worlds.jax_tracers import OPEN, ZERO, DynamicJaxprTracer, JVPTracer, array, read_of, values


class Taps:
    """Keeps what would be told, so that a test can run what was traced."""

    def __init__(self) -> None:
        self.runs: list[Callable[..., None]] = []
        self.ways_back: list[Callable[..., None]] = []
        self.awaited = 0

    def tell_when_run(self, values: Sequence[Any], tell: Callable[..., None]) -> None:
        self.runs.append(tell)

    def watch_way_back(self, outputs: Sequence[Any], numbers: Sequence[Any], tell: Callable[..., None]) -> list[Any]:
        self.ways_back.append(tell)
        return [f"watched {place}" for place, _ in enumerate(outputs)]

    def leaves_of(self, tree: Any) -> list[Any]:
        return list(tree)

    def await_all(self) -> None:
        self.awaited += 1


@pytest.fixture
def taps(monkeypatch: pytest.MonkeyPatch) -> Taps:
    made = Taps()
    monkeypatch.setattr(qdiag.bridges.live, "jax_taps", made, raising=False)
    return made


class World:
    """Written calls and what came back to them."""

    def __init__(self) -> None:
        self.done: list[Done] = []
        self.found: Found = []
        self.passes = Passes(self.found.extend)
        self.rows: list[int] = []
        self.traced = TracedCalls(threading.RLock(), self.passes, self._write, rows=self.rows.append)

    def _write(self, call: Optional[Ongoing], read: Read, done: Done) -> None:
        self.passes.settle()
        done.returned.index = len(self.done)
        self.done.append(done)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    before = current.exchange(SimpleNamespace(stopped=False, traced=made.traced), current.Wanted())
    yield made
    current.exchange(*before)


LINE = SourceLine("train.py", 7)
CALL: Any = SimpleNamespace(children=[], resolution=("adjoint", "jax"), source=LINE, given=None)
BACKPROP: Any = SimpleNamespace(children=[], resolution=("backprop", "jax"), source=LINE, given=None)


def test_each_run_of_a_traced_call_is_written_and_what_comes_back_goes_to_it(taps: Taps, world: World) -> None:
    assert world.traced.begin(CALL, read_of([OPEN], [ZERO]), (OPEN,)) == ["watched 0"]
    assert world.done == []
    for number in (0.5, 0.75):
        taps.runs[0](array(number), array(2 * number))
    taps.ways_back[0]((0,), array(3.0), array(0.75))
    taps.ways_back[0]((0,), array(4.0), array(0.5))
    world.passes.settle()
    assert [values(done.entry.numbers) for done in world.done] == [[0.5], [0.75]]
    assert {done.entry.container for done in world.done} == {"jax"}
    assert {returned.index: float(brought.cotangents[0] or 0.0) for returned, _, brought in world.found} == {0: 4.0, 1: 3.0}


@pytest.mark.parametrize("call", [BACKPROP, SimpleNamespace(children=[], resolution=(None, None), source=LINE, given=None)])
def test_results_that_xla_works_out_by_itself_are_not_told(taps: Taps, world: World, call: Any) -> None:
    assert world.traced.begin(call, read_of([OPEN], [ZERO]), (OPEN,)) == ["watched 0"]
    taps.runs[0](array(0.5))
    assert [(values(done.entry.numbers), done.entry.outputs) for done in world.done] == [([0.5], None)]


def test_that_runs_were_rows_of_one_vmap_is_told_so_many_times(taps: Taps, world: World) -> None:
    world.traced.begin(CALL, read_of([OPEN], [ZERO]), (OPEN,))
    together: Any = taps.runs[0]
    for count in (1, *(2 for _ in range(traced_calls.MOST_MAPPED + 3))):
        together.together(count)
    assert world.rows == [2] * traced_calls.MOST_MAPPED


def test_inside_of_grad_alone_a_call_is_written_when_it_is_made(taps: Taps, world: World) -> None:
    number = JVPTracer(np.float64(0.5))
    assert world.traced.begin(CALL, read_of([number], [ZERO]), (number, OPEN.shape)) == ["watched 0", ()]
    assert (len(world.done), taps.runs) == (1, [])
    taps.ways_back[0]((0,), array(1.0 + 2.0j))
    world.passes.settle()
    assert [brought.cotangents[0] for _, _, brought in world.found] == [1.0 - 2.0j], "torch's convention"


@pytest.mark.parametrize("innermost", [np.float64(0.5), OPEN], ids=["when it is made", "at each run"])
def test_what_comes_back_under_two_derivatives_is_known_to_be_differentiated_again(taps: Taps, world: World, innermost: Any) -> None:
    for number in (JVPTracer(JVPTracer(innermost, "outer"), "inner"), JVPTracer(innermost, "outer")):
        world.traced.begin(CALL, read_of([number], [ZERO]), (number,))
        if innermost is OPEN:
            taps.runs[-1](array(0.5), array(1.0))
        taps.ways_back[-1]((0,), array(1.0), array(0.5))
    world.passes.settle()
    assert [brought.create_graph for _, _, brought in world.found] == [True, False]


def test_when_the_recording_is_over_what_was_traced_tells_nobody(taps: Taps, world: World) -> None:
    world.traced.begin(CALL, read_of([OPEN], [ZERO]), (OPEN,))
    current.exchange(None, current.Wanted())
    taps.runs[0](array(0.5), array(1.0))
    taps.ways_back[0]((0,), array(1.0), array(0.5))
    assert (world.done, world.found) == ([], [])


def test_what_jax_still_computes_is_waited_for_only_where_it_traced_a_call(taps: Taps, world: World) -> None:
    world.traced.await_all()
    assert taps.awaited == 0
    world.traced.begin(CALL, read_of([OPEN], [ZERO]), (OPEN,))
    world.traced.await_all()
    assert taps.awaited == 1


# --- runs that raise -------------------------------------------------------------------------------------------------------

FAILURE = Failure("IndexError", "list index out of range")


def traced(world: World, call: Any, numbers: list[Any]) -> None:
    """A call is traced from the moment on when it is known how it will be evaluated."""
    world.traced.expect_run(call, lambda _: numbers)
    world.traced.begin(call, read_of(numbers, [ZERO]), (OPEN,))


@pytest.fixture
def call() -> Any:
    return SimpleNamespace(**vars(CALL))


def test_a_run_that_is_given_numbers_and_tells_no_results_has_failed_with_what_ended_the_script(
    taps: Taps, world: World, call: Any
) -> None:
    traced(world, call, [0.125, OPEN])
    given, results = taps.runs
    given(array(0.5))
    results(array(0.5), array(1.0))
    # in whatever order they come
    results(array(0.25), array(1.0))
    given(array(0.25))
    given(array(0.75))
    given(array(0.875))
    assert world.traced.fail_open(FAILURE) == []
    found = [(values(done.entry.numbers), done.entry.failure) for done in world.done]
    assert found == [([0.125, 0.5], None), ([0.125, 0.25], None), ([0.125, 0.75], FAILURE)]
    assert world.done[-1].entry.outputs is None
    assert world.traced.fail_open(FAILURE) == [], "each is told once"


def test_where_nobody_says_why_it_gave_no_results_its_place_is_told(taps: Taps, world: World, call: Any) -> None:
    traced(world, call, [OPEN])
    taps.runs[0](array(0.5))
    assert (world.traced.fail_open(None), world.done) == ([LINE], [])


@pytest.mark.parametrize(
    ("resolved", "numbers"), [("backprop", [OPEN]), ("adjoint", [0.5]), ("adjoint", [JVPTracer(0.5)]), (None, [OPEN])]
)
def test_where_nothing_is_called_back_or_all_is_there_nothing_is_told_before(
    taps: Taps, world: World, call: Any, resolved: Optional[str], numbers: list[Any]
) -> None:
    call.resolution = (resolved, "jax")
    world.traced.expect_run(call, lambda _: numbers)
    assert (taps.runs, call.given) == ([], None)


# --- steps of an optimiser -------------------------------------------------------------------------------------------------


class Moved:
    """Parameters as a step leaves them."""

    size = 3


class OpenMoved(DynamicJaxprTracer):
    """The same inside of ``jit``."""

    size = 2


OpenMoved.__module__ = "jax._src"


def test_a_step_is_taken_once_all_runs_before_it_are_told(taps: Taps, world: World) -> None:
    taken: list[int] = []
    world.traced.begin(CALL, read_of([OPEN], [ZERO]), (OPEN,))
    world.traced.take_step([Moved(), Moved()], lambda: taken.append(taps.awaited))
    assert taken == [1]


def test_a_step_inside_of_jit_is_taken_at_each_run(taps: Taps, world: World) -> None:
    taken: list[str] = []
    current.recorder.step = lambda: taken.append("step")
    world.traced.take_step([Moved(), OpenMoved()], lambda: taken.append("at once"))
    assert taken == []
    for _ in range(2):
        taps.runs[0](array(0.5))
    assert taken == ["step", "step"]
    current.exchange(None, current.Wanted())
    taps.runs[0](array(0.5))
    assert len(taken) == 2, "the recording is over"


@pytest.mark.parametrize("parameters", [[], [JVPTracer(Moved())], [JVPTracer(OpenMoved())]])
def test_what_is_moved_inside_of_a_loss_is_no_step(taps: Taps, world: World, parameters: list[Any]) -> None:
    taken: list[str] = []
    world.traced.take_step(parameters, lambda: taken.append("at once"))
    assert (taken, taps.runs) == ([], [])
