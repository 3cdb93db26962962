"""Whether a candidate is interesting: each distinct circuit is asked once, whoever asks, and what fails is not interesting."""

from __future__ import annotations

import threading
import time
from concurrent.futures import BrokenExecutor
from dataclasses import replace

import pytest

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.oracle import Oracle
from tests.worlds.small_circuits import circuit, gate, numbered

ONE = circuit(gate("RX", 0.1))
SAME = circuit(gate("RX", 0.1))
OTHER = circuit(gate("RX", 0.2))


class Asked:
    """Counts; what it says is decided beforehand."""

    def __init__(self, answer: bool = True) -> None:
        self.answer, self.circuits = answer, list[Circuit]()

    def __call__(self, candidate: Circuit) -> bool:
        self.circuits.append(candidate)
        return self.answer


def test_equal_circuits_are_one_question() -> None:
    asked = Asked()
    oracle = Oracle(asked)
    assert [oracle.ask(ONE), oracle.ask(SAME), oracle.ask(OTHER)] == [True, True, True]
    assert asked.circuits == [ONE, OTHER]
    assert oracle.calls == 2


def test_what_was_noted_beside_a_circuit_makes_it_no_other() -> None:
    asked = Asked()
    oracle = Oracle(asked)
    oracle.ask(ONE)
    oracle.ask(replace(ONE, notes=("as the user wrote it",)))
    assert len(asked.circuits) == 1


@pytest.mark.parametrize("answer", [True, False])
def test_an_answer_is_known_once_it_was_given(answer: bool) -> None:
    oracle = Oracle(Asked(answer))
    assert oracle.known_answer(ONE) is None
    oracle.ask(ONE)
    assert oracle.known_answer(SAME) is answer
    assert oracle.known_answer(OTHER) is None


def test_to_know_costs_nothing() -> None:
    oracle = Oracle(Asked())
    oracle.known_answer(ONE)
    assert oracle.calls == 0


def test_what_cannot_be_evaluated_is_not_interesting_and_not_asked_again() -> None:
    asked = []

    def refuse(candidate: Circuit) -> bool:
        asked.append(candidate)
        raise RuntimeError("no such circuit")

    oracle = Oracle(refuse)
    assert [oracle.ask(ONE), oracle.ask(SAME)] == [False, False]
    assert (len(asked), oracle.calls, oracle.failures) == (1, 1, 1)
    assert oracle.failed_seconds == oracle.seconds > 0


def test_workers_that_are_lost_for_good_end_the_search() -> None:
    def lost(candidate: Circuit) -> bool:
        raise BrokenExecutor

    with pytest.raises(BrokenExecutor):
        Oracle(lost).ask(ONE)


def test_ctrl_c_is_no_answer() -> None:
    def interrupted(candidate: Circuit) -> bool:
        raise KeyboardInterrupt

    oracle = Oracle(interrupted)
    with pytest.raises(KeyboardInterrupt):
        oracle.ask(ONE)
    assert oracle.known_answer(ONE) is None


class TestAhead:
    def test_what_was_started_ahead_is_not_asked_again(self) -> None:
        asked = Asked()
        with Oracle(asked, width=2) as oracle:
            oracle.prepare([ONE])
            assert oracle.ask(SAME)
        assert len(asked.circuits) == 1
        assert oracle.calls == 1

    def test_what_nobody_needed_is_not_counted(self) -> None:
        with Oracle(Asked(), width=3) as oracle:
            oracle.prepare([ONE, OTHER])
        assert oracle.calls == 0

    def test_with_one_worker_nothing_is_started_ahead(self) -> None:
        asked = Asked()
        with Oracle(asked) as oracle:
            oracle.prepare([ONE])
        assert asked.circuits == []

    def test_no_more_are_under_way_than_there_are_workers(self) -> None:
        release, started = threading.Event(), []

        def slow(candidate: Circuit) -> bool:
            started.append(candidate)
            release.wait(10)
            return True

        with Oracle(slow, width=3) as oracle:
            oracle.prepare([numbered(count) for count in range(1, 8)])
            deadline = time.monotonic() + 10
            while len(started) < 2 and time.monotonic() < deadline:
                time.sleep(0.001)
            oracle.prepare([numbered(count) for count in range(1, 8)])
            assert len(started) == 2
            release.set()

    def test_a_failure_ahead_is_one_when_it_is_needed(self) -> None:
        def refuse(candidate: Circuit) -> bool:
            raise RuntimeError("no such circuit")

        with Oracle(refuse, width=2) as oracle:
            oracle.prepare([ONE])
            assert oracle.failures == 0
            assert not oracle.ask(ONE)
            assert oracle.failures == 1
