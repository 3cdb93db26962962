"""The engine: from an interesting circuit to the smallest, and what it does when it is stopped, misled or lied to."""

from __future__ import annotations

import time
from concurrent.futures import BrokenExecutor

import numpy as np
import pytest

from qdiag.errors import NotReproducedError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node, Wires, parameters_of
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.order import key
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.search import Terms, minimize
from tests.worlds.small_circuits import WORKSHOP, circuit, expval, gate, names, number, numbered, sketch


def holding(*wanted: str):
    return lambda candidate: set(wanted) <= set(names(candidate))


def test_only_what_matters_is_left() -> None:
    found = minimize(numbered(100), Oracle(holding("G17", "G60")))
    assert names(found.circuit) == ("G17", "G60")
    assert found.one_minimal
    assert found.calls <= 40


def test_a_start_that_is_not_interesting_is_refused_before_any_work() -> None:
    oracle = Oracle(holding("nothing of the kind"))
    with pytest.raises(NotReproducedError, match="does not show the difference") as raised:
        minimize(numbered(5), oracle)
    assert raised.value.cure
    assert oracle.calls == 1


def test_each_distinct_circuit_is_asked_once() -> None:
    asked = []

    def interesting(candidate: Circuit) -> bool:
        asked.append(sketch(candidate))
        return holding("G3", "G4")(candidate)

    found = minimize(numbered(12), Oracle(interesting))
    assert len(asked) == len(set(asked)) == found.calls


def test_it_tells_how_many_candidates_were_tried_and_how_many_operations_are_left() -> None:
    told: list[tuple[int, int]] = []
    found = minimize(numbered(12), Oracle(holding("G3", "G4")), Terms(asked=lambda calls, operations: told.append((calls, operations))))
    assert [calls for calls, _ in told] == sorted(calls for calls, _ in told)
    assert told[0] == (1, 12)
    assert told[-1][1] == len(found.circuit.operations)


def test_candidates_that_cannot_be_evaluated_are_not_interesting_and_are_counted() -> None:
    def interesting(candidate: Circuit) -> bool:
        if "G5" not in names(candidate):
            raise RuntimeError("no such circuit")
        return True

    found = minimize(numbered(10), Oracle(interesting))
    assert names(found.circuit) == ("G5",)
    assert found.failures > 0
    assert found.failed_seconds > 0


def test_the_best_so_far_is_kept_when_the_budget_is_spent() -> None:
    def slow(candidate: Circuit) -> bool:
        time.sleep(0.01)
        return holding("G1", "G50", "G99")(candidate)

    found = minimize(numbered(100), Oracle(slow), Terms(budget=0.1))
    assert (found.stopped, found.one_minimal) == ("budget", False)
    assert {"G1", "G50", "G99"} <= set(names(found.circuit))


@pytest.mark.parametrize(("error", "stopped"), [(KeyboardInterrupt(), "interrupted"), (BrokenExecutor(), "workers lost")])
def test_an_interrupted_search_returns_the_best_so_far(error: BaseException, stopped: str) -> None:
    calls = iter(range(1000))

    def interesting(candidate: Circuit) -> bool:
        if next(calls) == 9:
            raise error
        return holding("G40", "G60")(candidate)

    found = minimize(numbered(100), Oracle(interesting))
    assert (found.stopped, found.one_minimal) == (stopped, False)
    assert {"G40", "G60"} <= set(names(found.circuit))
    assert len(found.circuit.operations) < 100


def test_every_new_best_is_handed_out_the_start_first_and_each_smaller() -> None:
    accepted: list[Circuit] = []
    found = minimize(numbered(30), Oracle(holding("G8")), Terms(accepted=accepted.append))
    assert len(accepted[0].operations) == 30
    assert accepted[-1] is found.circuit
    assert all(key(after) < key(before) for before, after in zip(accepted, accepted[1:]))


def test_a_template_is_expanded_where_that_ends_up_smaller() -> None:
    layer = Node("Layer", (number(np.arange(1, 13) / 7, trainable=True),), Wires(tuple(range(12))), tuple(range(12)))

    def interesting(candidate: Circuit) -> bool:
        return any(p.trainable and np.any(np.abs(p.value - 5 / 7) < 1e-9) for op in candidate.operations for p in parameters_of(op))

    found = minimize(circuit(layer), Oracle(interesting), Terms(workshop=WORKSHOP, passes=PASSES[:8]))
    assert names(found.circuit) == ("RY",)


def test_a_template_that_is_the_point_stays() -> None:
    layer = Node("Layer", (number([0.1, 0.2], trainable=True),), Wires((0, 1)), (0, 1))
    found = minimize(circuit(layer, gate("RX", 0.4)), Oracle(holding("Layer")), Terms(workshop=WORKSHOP))
    assert names(found.circuit) == ("Layer",)


class TestTheSameCause:
    """Two faults in one circuit, either of which alone is interesting; the search was started for one of them."""

    @staticmethod
    def either(candidate: Circuit) -> bool:
        return bool({"G20", "G70"} & set(names(candidate)))

    @pytest.mark.parametrize("fault", ["G20", "G70"])
    def test_the_search_goes_back_where_it_wandered_to_the_other(self, fault: str) -> None:
        found = minimize(numbered(100), Oracle(self.either), Terms(same_cause=holding(fault)))
        assert names(found.circuit) == (fault,)

    def test_the_cause_is_not_asked_for_every_candidate(self) -> None:
        asked = []

        def same_cause(candidate: Circuit) -> bool:
            asked.append(candidate)
            return True

        found = minimize(numbered(100), Oracle(self.either), Terms(same_cause=same_cause))
        assert 0 < len(asked) < found.calls
        assert found.slips == 0

    def test_a_cause_that_does_not_hold_for_the_start_says_nothing(self) -> None:
        found = minimize(numbered(100), Oracle(self.either), Terms(same_cause=lambda candidate: False))
        assert len(found.circuit.operations) == 1

    def test_a_search_that_is_stopped_returns_what_has_been_confirmed(self) -> None:
        def interesting(candidate: Circuit) -> bool:
            if len(candidate.operations) < 50:
                raise KeyboardInterrupt
            return True

        kept: list[Circuit] = []
        terms = Terms(same_cause=lambda candidate: len(candidate.operations) == 100, accepted=kept.append)
        found = minimize(numbered(100), Oracle(interesting), terms)
        assert len(found.circuit.operations) == 100
        assert kept[-1] is found.circuit


class TestWorkers:
    @pytest.mark.parametrize("width", [2, 4])
    def test_the_result_and_the_count_do_not_depend_on_their_number(self, width: int) -> None:
        def interesting(candidate: Circuit) -> bool:
            time.sleep(0.0005)
            return holding("G3", "G33", "G34")(candidate) and len(candidate.operations) % 7 != 2

        alone = minimize(numbered(60), Oracle(interesting))
        with Oracle(interesting, width=width) as oracle:
            together = minimize(numbered(60), oracle)
        assert sketch(together.circuit) == sketch(alone.circuit)
        assert (together.calls, together.failures) == (alone.calls, alone.failures)

    def test_several_candidates_are_under_way_together(self) -> None:
        waiting: set[int] = set()
        most = 0

        def interesting(candidate: Circuit) -> bool:
            nonlocal most
            waiting.add(id(candidate))
            most = max(most, len(waiting))
            time.sleep(0.005)
            waiting.discard(id(candidate))
            return holding("G3")(candidate)

        with Oracle(interesting, width=4) as oracle:
            minimize(numbered(40), oracle, Terms(passes=PASSES[:1]))
        assert 2 <= most <= 4


def test_everything_together_reaches_a_readable_circuit() -> None:
    start = circuit(
        gate("Hadamard", wires=("a",)),
        gate("RX", 0.31831, wires=("b",), trainable=True, dtype="float32"),
        gate("CRX", 0.7172, wires=("a", "b"), trainable=True, dtype="float32"),
        measured=(expval(gate("PauliZ", wires=("a",))), expval(gate("PauliY", wires=("b",)))),
        returns="tuple",
    )

    def interesting(candidate: Circuit) -> bool:
        trainable = [p for op in candidate.operations for p in parameters_of(op) if p.trainable]
        return any(0.66 < float(p.value) < 0.74 for p in trainable)

    found = minimize(start, Oracle(interesting), Terms(workshop=WORKSHOP))
    assert sketch(found.circuit) == "RX(0.7*)[0] | ExpectationMP(PauliZ[0])[0]"
