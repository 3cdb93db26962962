"""The desk and the cases at it: nothing is evaluated twice, what arrives is stored, and many calls go on side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from qdiag.judging.replay.desk import AHEAD, LATEST, SHORT, Case, Desk, Replaying, replay_all
from qdiag.model.call import Configuration, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.trace.evaluation_store import EvaluationStore
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.scripted import answer, circuit


def asking(angle: float, method: Method = BACKPROP) -> Request:
    return Request(circuit(angle), method)


@dataclass
class Slow:
    """An evaluator that answers when a test says so."""

    count: int = 2
    requests: list[Request] = field(default_factory=list)
    futures: list[Future[Evaluation]] = field(default_factory=list)

    def submit(self, request: Request, timeout: float | None = None) -> Future[Evaluation]:
        self.requests.append(request)
        self.futures.append(Future())
        return self.futures[-1]

    def deliver(self, number: int = 0) -> None:
        self.futures[number].set_result(answer(self.requests[number]))

    def call(self, function: Callable[..., object], *arguments: object) -> Future[object]:
        raise NotImplementedError

    def applicable(self, circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
        return ()


@dataclass
class Quick(Slow):
    """One that answers at once."""

    def submit(self, request: Request, timeout: float | None = None) -> Future[Evaluation]:
        future = super().submit(request)
        self.deliver(len(self.futures) - 1)
        return future


def result(item: Evaluation | Future[Evaluation]) -> Evaluation:
    return item if isinstance(item, Evaluation) else item.result(0)


def angles(evaluator: Slow) -> list[float]:
    return [round(float(request.circuit.parameters[0].value), 6) for request in evaluator.requests]


# --- the desk ------------------------------------------------------------------------------------------------------------------


def test_a_question_under_way_is_not_asked_again() -> None:
    evaluator = Slow()
    desk = Desk(evaluator, EvaluationStore())
    one, two = desk.ask(asking(0.3)), desk.ask(asking(0.3))
    assert one is two
    assert len(evaluator.requests) == 1
    desk.ask(asking(0.3, ADJOINT))
    assert len(evaluator.requests) == 2


def test_no_more_is_handed_out_than_there_are_workers_as_long_as_evaluations_may_be_long() -> None:
    evaluator = Slow(count=2)
    desk = Desk(evaluator, EvaluationStore())
    promised = [desk.ask(asking(0.1 * k)) for k in (1, 2, 3, 4)]
    assert angles(evaluator) == [0.1, 0.2]
    evaluator.deliver(1)
    desk.settle()
    assert result(promised[1]).outputs is not None
    assert angles(evaluator) == [0.1, 0.2, 0.3]


def test_of_long_ones_it_stays_so_and_of_short_ones_some_wait_at_the_workers() -> None:
    handed_out = {}
    for seconds in (2 * SHORT, SHORT / 2):
        evaluator = Slow(count=1)
        desk = Desk(evaluator, EvaluationStore())
        for k in range(20):
            desk.ask(asking(0.1 * k))
        for k in range(LATEST):
            evaluator.futures[k].set_result(replace(answer(evaluator.requests[k]), seconds=seconds if k == 0 else 0.0))
            desk.settle()
        handed_out[seconds] = len(evaluator.requests) - LATEST
    assert handed_out == {2 * SHORT: 1, SHORT / 2: AHEAD}


def test_one_worker_may_be_spared_of_what_may_be_long() -> None:
    evaluator = Slow(count=3)
    desk = Desk(evaluator, EvaluationStore())
    desk.let_go(sparing=True)
    for k in (1, 2, 3, 4):
        desk.ask(asking(0.1 * k))
    assert angles(evaluator) == [0.1, 0.2]
    desk.let_go()
    desk.settle()
    assert angles(evaluator) == [0.1, 0.2, 0.3]


def test_what_is_held_is_not_handed_out_until_it_is_let_go_or_asked_again() -> None:
    evaluator = Slow(count=1)
    desk = Desk(evaluator, EvaluationStore())
    for k in (1, 2, 3):
        desk.ask(asking(0.1 * k))
    desk.hold()
    evaluator.deliver(0)
    desk.settle()
    assert angles(evaluator) == [0.1]
    desk.ask(asking(0.1 * 3))
    assert angles(evaluator) == [0.1, 0.3]
    evaluator.deliver(1)
    desk.let_go()
    desk.settle()
    assert angles(evaluator) == [0.1, 0.3, 0.2]


def test_what_arrived_is_found_in_the_store_by_the_next_desk() -> None:
    store, evaluator = EvaluationStore(), Slow()
    desk = Desk(evaluator, store)
    desk.ask(asking(0.3))
    evaluator.deliver()
    desk.settle()
    found = Desk(evaluator, store).ask(asking(0.3))
    assert isinstance(found, Evaluation)
    assert len(evaluator.requests) == 1


def test_what_arrives_at_once_is_stored_at_once() -> None:
    store = EvaluationStore()
    Desk(Quick(), store).ask(asking(0.3))
    evaluator = Quick()
    assert isinstance(Desk(evaluator, store).ask(asking(0.3)), Evaluation)
    assert evaluator.requests == []


def test_a_repetition_is_another_question() -> None:
    evaluator = Quick()
    desk = Desk(evaluator, EvaluationStore())
    for repetition in (0, 1, 0, 1):
        desk.ask(replace(asking(0.3), repetition=repetition))
    assert len(evaluator.requests) == 2


def test_a_circuit_that_no_file_can_hold_is_evaluated_and_not_stored() -> None:
    odd = Circuit((*circuit(0.3).operations, Node("Odd", (), object(), (0,))), circuit(0.3).measurements)  # type: ignore[arg-type]
    evaluator = Quick()
    desk = Desk(evaluator, EvaluationStore())
    for _ in range(2):
        assert result(desk.ask(Request(odd, BACKPROP))).outputs is not None
    assert len(evaluator.requests) == 2


def test_waiting_ends_when_something_arrives() -> None:
    evaluator = Slow()
    desk = Desk(evaluator, EvaluationStore())
    promised = desk.ask(asking(0.3))
    timer = threading.Timer(0.02, evaluator.deliver)
    timer.start()
    desk.wait(10.0)
    assert result(promised).outputs is not None


def test_abandoning_keeps_what_arrived_and_cancels_the_rest() -> None:
    store, evaluator = EvaluationStore(), Slow()
    desk = Desk(evaluator, store)
    desk.ask(asking(0.3))
    desk.ask(asking(0.4))
    evaluator.deliver(0)
    desk.abandon()
    assert evaluator.futures[1].cancelled()
    assert isinstance(Desk(evaluator, store).ask(asking(0.3)), Evaluation)


def test_a_worker_that_was_lost_leaves_nothing_in_the_store() -> None:
    store, evaluator = EvaluationStore(), Slow()
    desk = Desk(evaluator, store)
    desk.ask(asking(0.3))
    evaluator.futures[0].set_result(Evaluation(BACKPROP, failure=Failure("Lost", "killed", (), "worker")))
    desk.settle()
    desk.ask(asking(0.3))
    assert len(evaluator.requests) == 2


def test_an_evaluation_that_raises_is_asked_for_again() -> None:
    evaluator = Slow()
    desk = Desk(evaluator, EvaluationStore())
    desk.ask(asking(0.3))
    evaluator.futures[0].set_exception(RuntimeError())
    desk.settle()
    desk.ask(asking(0.3))
    assert len(evaluator.requests) == 2


# --- many cases ---------------------------------------------------------------------------------------------------------------------

ALWAYS: Callable[[], bool] = lambda: True  # noqa: E731


def twice(angle: float) -> Replaying[float]:
    """Asks for two methods, then for a third."""
    one, two = yield (asking(angle), asking(angle, ADJOINT))
    (three,) = yield (asking(angle, SHIFT),)
    return float(sum(float(e.outputs[0]) for e in (one, two, three) if e.outputs is not None))


def ran(evaluator: Slow, angles: list[float], in_flight: int = 8) -> dict[int, float]:
    found: dict[int, float] = {}
    cases = [(i, lambda angle=angle: twice(angle), ALWAYS) for i, angle in enumerate(angles)]
    replay_all(cases, Desk(evaluator, EvaluationStore()), in_flight, found.__setitem__)
    return found


@pytest.mark.parametrize("in_flight", [1, 2, 8])
def test_every_case_comes_to_its_end_with_its_own_answers(in_flight: int) -> None:
    angles = [0.1, 0.2, 0.3, 0.4, 0.5]
    found = ran(Quick(), angles, in_flight)
    assert found == {i: pytest.approx(3 * np.cos(angle)) for i, angle in enumerate(angles)}


def test_cases_that_ask_the_same_share_the_answer() -> None:
    evaluator = Quick()
    ran(evaluator, [0.3, 0.3, 0.3])
    assert len(evaluator.requests) == 3


def test_a_case_that_asks_for_nothing_is_done_at_once() -> None:
    def silent() -> Replaying[str]:
        return "nothing to ask"
        yield ()

    found: dict[int, str] = {}
    replay_all([(7, silent, ALWAYS)], Desk(Quick(), EvaluationStore()), 2, found.__setitem__)
    assert found == {7: "nothing to ask"}


def test_a_case_may_ask_for_no_evaluation_and_go_on() -> None:
    def empty() -> Replaying[int]:
        nothing = yield ()
        (one,) = yield (asking(0.3),)
        return len(nothing) + len(one.outputs or ())

    found: dict[int, int] = {}
    replay_all([(0, empty, ALWAYS)], Desk(Quick(), EvaluationStore()), 2, found.__setitem__)
    assert found == {0: 1}


def test_no_more_than_so_many_are_under_way() -> None:
    started: list[int] = []
    evaluator = Slow()

    def case(index: int) -> Replaying[int]:
        started.append(index)
        yield (asking(0.1 * (index + 1)),)
        return index

    class Watching(Desk):
        """Before each answer, says how many have started."""

        def wait(self, seconds: float) -> None:
            waiting = [number for number, future in enumerate(evaluator.futures) if not future.done()]
            assert len(waiting) <= 2
            evaluator.deliver(waiting[0])
            super().wait(seconds)

    found: dict[int, int] = {}
    cases = [(i, lambda i=i: case(i), ALWAYS) for i in range(5)]
    replay_all(cases, Watching(evaluator, EvaluationStore()), 2, found.__setitem__)
    assert started == sorted(found) == [0, 1, 2, 3, 4]


def test_a_case_that_may_not_start_yet_waits_until_those_before_it_are_done() -> None:
    finished: list[int] = []
    evaluator = Quick()

    def case(index: int) -> Replaying[int]:
        yield (asking(0.1 * (index + 1)),)
        return index

    cases = [(0, lambda: case(0), ALWAYS), (1, lambda: case(1), lambda: finished == [0])]
    replay_all(cases, Desk(evaluator, EvaluationStore()), 8, lambda index, _: finished.append(index))
    assert finished == [0, 1]


def test_where_nothing_is_under_way_the_next_case_starts_in_any_case() -> None:
    """Else a case that waits for what never comes would wait for ever."""
    found: dict[int, float] = {}
    replay_all([(0, lambda: twice(0.3), lambda: False)], Desk(Quick(), EvaluationStore()), 2, found.__setitem__)
    assert list(found) == [0]


def test_an_interruption_keeps_what_arrived() -> None:
    store, evaluator = EvaluationStore(), Quick()

    def interrupted() -> Replaying[int]:
        yield (asking(0.3),)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_all([(0, interrupted, ALWAYS)], Desk(evaluator, store), 2, lambda index, value: None)
    assert isinstance(Desk(evaluator, store).ask(asking(0.3)), Evaluation)


def test_cases_are_started_in_their_order_also_where_they_come_from_a_generator() -> None:
    """The trace may still grow: what comes next is asked for only when there is room for it."""
    made: list[int] = []

    def cases() -> object:
        for index in range(4):
            made.append(index)
            yield index, lambda: twice(0.3), ALWAYS

    found: dict[int, float] = {}
    replay_all(cases(), Desk(Quick(), EvaluationStore()), 1, found.__setitem__)  # type: ignore[arg-type]
    assert made == list(found) == [0, 1, 2, 3]


def test_cases_that_are_left_off_are_taken_up_where_they_were() -> None:
    """Nothing is started twice, and nothing that is under way is waited for before whoever paused goes on."""
    started: list[int] = []
    found: dict[int, float] = {}
    evaluator, put_off = Slow(count=4), list[Case[float]]()
    desk = Desk(evaluator, EvaluationStore())

    def start(index: int) -> Replaying[float]:
        started.append(index)
        return twice(0.1 * (index + 1))

    first = [(index, lambda index=index: start(index), ALWAYS) for index in (0, 1)]
    looks = iter((False, False, True))
    pausing = lambda: next(looks, True)  # noqa: E731
    assert not replay_all(first, desk, 8, found.__setitem__, pausing, put_off)
    assert (started, [case.index for case in put_off], found) == ([0], [0], {})

    for number in range(len(evaluator.futures)):
        evaluator.deliver(number)
    desk._evaluator = Quick(count=4)
    assert replay_all(first[1:], desk, 8, found.__setitem__, put_off=put_off)
    assert (started, sorted(found), put_off) == ([0, 1], [0, 1], [])


def test_it_can_be_left_off_between_cases_that_are_done_at_once() -> None:
    found: dict[int, float] = {}
    cases = [(k, lambda k=k: twice(0.1 * (k + 1)), ALWAYS) for k in range(5)]
    assert not replay_all(cases, Desk(Quick(), EvaluationStore()), 8, found.__setitem__, lambda: len(found) == 2)
    assert sorted(found) == [0, 1]
