"""When the script itself is followed to its next loss in copies of its process."""

from __future__ import annotations

import os
import random
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.model.call import SourceLine
from qdiag.model.step_probe import LARGE, SMALL, Answer, Moved, Outcome, Spot, StepProbe
from qdiag.recording import confinement, current, slope_looks, step_probe, step_probe_files, syscall_filter
from qdiag.recording.branch import Plan, Subject, plan_for_outputs, plan_for_parameters
from qdiag.recording.slope_probe import Awaited, Held
from qdiag.recording.slope_probe import plan as slope_plan
from qdiag.recording.source_places import Places
from qdiag.recording.step_probe import StepProber
from qdiag.trace import call_text


class Box:
    """A tracked number, as autograd's are."""

    def __init__(self, value: Any) -> None:
        self._value = np.asarray(value)
        self._node = object()


class QNode:
    """Has a quantum function."""

    def __init__(self, function: Any) -> None:
        self.func = function


CIRCUIT = QNode(lambda x: x)
OTHER = QNode(lambda y: y)


class Prober(StepProber):
    """Notes what it would start."""

    def __init__(self, path: Path) -> None:
        self.notes: list[str] = []
        self.kept: list[tuple[Any, ...]] = []
        self.asked: list[tuple[StepProbe, int]] = []
        super().__init__(path / "trace.qdiag", Places(str(path)), self.notes.append, lambda *found: self.kept.append(found))

    def _start(self, asked: list[StepProbe], plan: tuple[Plan, ...], backward_seen: bool) -> Optional[tuple[Plan, int]]:
        self.asked += [(probe, len(plan)) for probe in asked]
        return None

    @property
    def probed(self) -> list[int]:
        return [probe.call for probe, _ in self.asked]


@pytest.fixture
def prober(tmp_path: Path) -> Prober:
    return Prober(tmp_path)


def step(prober: StepProber, *cotangents: Optional[float], qnode: QNode = CIRCUIT, first: int = 0) -> None:
    """A step in which a QNode is called and a backward pass brings cotangents."""
    for place in range(2):
        prober.returned(qnode, (Box(0.3),), first + place, 0, True)
    prober.root(1.0)
    for cotangent in cotangents:
        prober.arrived(qnode.func.__code__, (None if cotangent is None else np.array(cotangent),))


# --- when -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cotangents", [(), (0.0, 0.0), (None, 0.0)])
def test_a_qnode_to_which_nothing_came_back_is_probed_at_its_next_call_and_once_more(
    prober: Prober, cotangents: tuple[Optional[float], ...]
) -> None:
    for number in range(12):
        step(prober, *cotangents, first=10 * number)
    assert prober.probed == [10, 80]
    (probe, copies), _ = prober.asked
    assert (probe.moved, probe.subject, copies) == (Moved.OUTPUTS, "<lambda>", len(plan_for_outputs()))


def test_one_to_which_a_cotangent_came_is_not(prober: Prober) -> None:
    for _ in range(3):
        step(prober, 0.0, 1e-300)
    assert prober.asked == []


def test_each_is_seen_by_itself(prober: Prober) -> None:
    for number in range(3):
        step(prober, 1.0, first=10 * number)
        step(prober, first=10 * number + 5, qnode=OTHER)
    assert prober.probed == [15]


def test_neither_evaluation_nor_integers_are_probed(prober: Prober) -> None:
    for number in range(3):
        prober.returned(CIRCUIT, (np.array(0.3),), 2 * number, 0, True)
        prober.returned(OTHER, (Box(3),), 2 * number + 1, 0, True)
        prober.root(1.0)
    assert prober.asked == []


def test_calls_before_the_first_backward_pass_are_not(prober: Prober) -> None:
    for number in range(20):
        prober.returned(CIRCUIT, (Box(0.3),), number, 0, False)
    assert prober.asked == []


def test_parameters_are_moved_one_after_the_other(prober: Prober) -> None:
    prober.ask([Subject("a", np.zeros(2)), Subject("b", np.full(3, 4.0))], 7, 2, True)
    assert [(probe.subject, probe.call, probe.step, probe.size) for probe, _ in prober.asked] == [("a", 7, 2, 0.1), ("b", 7, 2, 4.0)]
    plans = plan_for_parameters(2)
    assert plans[0] == Plan()
    assert [(plan.subject, plan.by) for plan in plans[1:]] == [(n, by) for n in (0, 1) for by in (SMALL, -SMALL, LARGE, -LARGE)]
    prober.ask([], 7, 2, True)
    prober.ask([Subject("a", np.zeros(2))], 9, 3, True)
    assert len(prober.asked) == 2


def test_while_copies_run_others_wait_for_a_later_occasion(prober: Prober, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    prober._running = {tmp_path / "one": Moved.OUTPUTS}
    monkeypatch.setattr("qdiag.recording.step_probe.is_running", lambda path: True)
    for number in range(3):
        step(prober, first=10 * number)
        prober.ask([Subject("a", np.zeros(2))], number, number, True)
    assert prober.asked == []
    monkeypatch.setattr("qdiag.recording.step_probe.is_running", lambda path: False)
    step(prober, first=30)
    prober.ask([Subject("a", np.zeros(2))], 3, 3, True)
    assert [probe.call for probe, _ in prober.asked] == [30, 3]


def test_why_there_is_none_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confinement, "obstacle", lambda backward_seen: "the script has several threads")
    notes: list[str] = []
    prober = StepProber(tmp_path / "trace.qdiag", Places(str(tmp_path)), notes.append, lambda *found: None)
    for number in range(12):
        step(prober, first=10 * number)
    assert notes == ["step probe unavailable: the script has several threads"]
    assert list(tmp_path.iterdir()) == []


def test_a_loss_is_kept_for_the_probes_before_it(prober: Prober) -> None:
    prober._awaiting = [0, 1]
    prober.root(0.5)
    prober.root(0.25)
    assert prober.kept == [(0, 0.5), (1, 0.5)]


class Silent:
    """The recorder of a process, as far as a copy turns it off."""

    def __init__(self) -> None:
        self.stopped = False
        self.passes = types.SimpleNamespace(over=False)

    def stop(self) -> None:
        self.stopped = True


@pytest.mark.skipif(not syscall_filter.is_known(), reason="there are no copies that go on here")
@pytest.mark.parametrize(
    ("loss", "answer"),
    [
        (lambda x: x**2, Answer.SMOOTH),
        (lambda x: (round(x) - 1) ** 2, Answer.FLAT),
        (lambda x: 0.25 + random.random(), Answer.INDEPENDENT),
    ],
)
def test_copies_go_on_to_the_next_loss_and_their_answer_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: Callable[[float], float], answer: Answer
) -> None:
    monkeypatch.setattr(confinement, "obstacle", lambda backward_seen: "")
    kept: dict[int, str] = {}
    trace, here = tmp_path / "trace.qdiag", os.getpid()
    prober = StepProber(trace, Places(str(tmp_path)), print, lambda number, loss: kept.update({number: repr(loss)}))
    before = current.exchange(Silent(), current.Wanted())
    try:
        step(prober)
        box = Box(0.3)
        prober.returned(CIRCUIT, (box,), 7, 1, True)
        came_to = float(loss(float(box._value)))
        (prober if os.getpid() == here else current.recorder).root(*((came_to,) if os.getpid() == here else (came_to, None)))
    finally:
        if os.getpid() != here:
            os._exit(1)
        current.exchange(*before)
    (found,) = step_probe_files.collect_step_probes(trace, lambda number: kept.get(number, ""))
    assert (found.void, found.answer, found.call, found.own) == ("", answer, 7, came_to)
    assert list(tmp_path.iterdir()) == []
    assert box._value == 0.3


# --- slopes ---------------------------------------------------------------------------------------------------------------


def held(number: int = 0) -> Held:
    return Held(number, "Adam", (Box(0.3),))


class Suspicious:
    """A look in the script's own process that always meets something."""

    def __init__(self, *given: Any) -> None:
        pass

    def resume(self) -> None:
        pass

    def end(self) -> bool:
        return False


@pytest.fixture
def suspicious(prober: Prober, monkeypatch: pytest.MonkeyPatch) -> Prober:
    monkeypatch.setattr(slope_looks, "ExitWatch", Suspicious)
    return prober


def slopes(prober: Prober, optimiser: int, *taken: int) -> int:
    """How many probes there are after some steps of an optimiser, each with a loss after it."""
    for number in taken:
        prober.ask_slopes(optimiser, number, (held(),), 3, number, True)
        prober.root(0.5)
    return len(prober.asked)


def test_copies_are_asked_where_a_look_met_something(suspicious: Prober) -> None:
    assert [slopes(suspicious, 0, taken) for taken in (1, 2, 3, 5, 6, 7)] == [0, 1, 1, 1, 2, 2]
    (probe, copies), *_ = suspicious.asked
    assert (probe.moved, probe.subject, probe.token, copies) == (Moved.HELD, "Adam", 0, 9)


def test_no_copy_is_asked_where_it_met_nothing(suspicious: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Suspicious, "end", lambda watch: True)
    assert slopes(suspicious, 0, *range(1, 12)) == 0


def test_what_cannot_be_moved_takes_no_turn(suspicious: Prober) -> None:
    suspicious.ask_slopes(0, 1, (), 3, 2, True)
    suspicious.root(0.5)
    assert slopes(suspicious, 0, 2) == 0
    assert slopes(suspicious, 0, 3) == 1


def test_a_second_optimiser_need_not_wait_for_the_slopes_of_the_first(suspicious: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_probe, "is_running", lambda path: True)
    suspicious._running = {Path("a"): Moved.HELD}
    assert [slopes(suspicious, 0, 1, 2), slopes(suspicious, 0, 5, 6)] == [1, 1]
    suspicious._running = {Path("a"): Moved.HELD, Path("b"): Moved.OUTPUTS}
    assert slopes(suspicious, 1, 1, 2) == 1


def test_what_gets_no_gradient_does_not_wait_for_slopes(prober: Prober, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_probe, "is_running", lambda path: True)
    prober._running = {Path("a"): Moved.HELD}
    prober.ask([Subject("a", np.zeros(2))], 3, 2, True)
    for number in range(2):
        step(prober, first=10 * number)
    assert [probe.moved for probe, _ in prober.asked] == [Moved.PARAMETER, Moved.OUTPUTS]


def test_the_gradient_is_kept_of_the_first_pass_that_leaves_one(prober: Prober) -> None:
    prober._awaited = Awaited(4, ())
    prober.pass_ends()
    prober.root(0.25, False)
    prober.root(0.5)
    prober.pass_ends()
    prober.root(0.75), prober.pass_ends()
    assert prober.kept == [(4, 0.5, ())]


def test_nothing_is_moved_where_a_copy_that_looked_came_to_no_loss(tmp_path: Path) -> None:
    plan = slope_plan(2)
    with (tmp_path / "probe").open("wb") as file:
        listener = step_probe._Listener([StepProbe(0, 0, Moved.HELD, "Adam")] * 2, plan, file.fileno())
        listener.told(0, call_text.text_of(Outcome(note="meant")))
        listener.told(9, call_text.text_of(Outcome(loss=0.5, spots=(Spot("tolist", SourceLine("", 0), True),))))
        assert [listener.wants(copy) for copy in range(18)] == [True, *[False] * 8, True, True, *[False] * 7]
        listener.told(10, call_text.text_of(Outcome(loss=0.6, stirred=1)))
    assert [listener.wants(copy) for copy in range(14, 18)] == [True] * 4
