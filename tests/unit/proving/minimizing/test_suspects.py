"""Where a search looks first: what is blamed, what readers know least, and what stands around it."""

from __future__ import annotations

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.passes import PASSES
from qdiag.proving.minimizing.search import Terms, minimize
from qdiag.proving.minimizing.suspects import neighbourhoods, suspects
from tests.worlds.small_circuits import circuit, gate, names


def layered(depth: int, *strange: int) -> Circuit:
    """A rotation on each of two wires by turns, and unknown gates on both at some positions."""
    return circuit(*(gate("Strange", wires=(0, 1)) if i in strange else gate("RX", float(i), wires=(i % 2,)) for i in range(depth)))


def test_what_is_blamed_and_what_readers_know_least_is_suspected() -> None:
    assert suspects(layered(10, 4, 7), (2,)) == {2, 4, 7}
    assert suspects(layered(3)) == frozenset()


def test_first_the_closest_on_each_wire_are_kept_then_more() -> None:
    first, second = neighbourhoods(layered(60, 30), [30])
    assert first == frozenset(range(28, 33))
    assert second == frozenset(range(22, 39))


def test_nothing_is_asked_where_most_would_be_kept() -> None:
    assert list(neighbourhoods(layered(5, 2), [2])) == []
    assert list(neighbourhoods(layered(60), [])) == []


def found_by(wanted: frozenset[str], around: tuple[int, ...]) -> tuple[tuple[str, ...], int]:
    """What is left of a circuit that needs some operations, and after how many questions."""
    start = circuit(*(gate(f"G{i}", wires=(i % 3,)) for i in range(90)))
    oracle = Oracle(lambda candidate: wanted <= {*names(candidate)})
    found = minimize(start, oracle, Terms(PASSES[:1], suspects=lambda: around))
    assert found.one_minimal
    return names(found.circuit), found.calls


def test_a_suspicion_that_holds_spares_most_questions() -> None:
    wanted = frozenset({"G40", "G43"})
    kept, told = found_by(wanted, (43,))
    assert {*kept} == wanted
    assert told <= 10 < found_by(wanted, ())[1]


def test_one_that_does_not_costs_a_question_for_each_reach() -> None:
    wanted = frozenset({"G3", "G71"})
    kept, misled = found_by(wanted, (43,))
    assert {*kept} == wanted
    assert misled == found_by(wanted, ())[1] + 2


def test_what_stands_around_a_suspect_is_kept_only_for_the_same_cause() -> None:
    start = layered(60, 30)
    oracle = Oracle(lambda candidate: "Strange" in names(candidate))
    terms = Terms(PASSES[:1], same_cause=lambda candidate: len(candidate.operations) > 20, suspects=lambda: (30,))
    found = minimize(start, oracle, terms)
    assert len(found.circuit.operations) == 21
