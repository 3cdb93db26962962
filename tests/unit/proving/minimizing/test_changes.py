"""What a pass proposes: any set of independent changes makes a circuit, or none where there is no such circuit."""

from __future__ import annotations

from itertools import combinations

import pytest

from qdiag.model.edits import Edit
from qdiag.proving.minimizing.changes import NO_EDITS, Changes
from tests.worlds.small_circuits import Z, circuit, expval, gate, gathered, names, numbered, sketch

THREE = numbered(3)


def test_any_set_of_deletions_leaves_the_others() -> None:
    changes = Changes.deleting_operations(THREE)
    assert changes.count == 3
    for size in range(4):
        for items in combinations(range(3), size):
            left = changes.circuit_with(frozenset(items))
            assert left is not None
            assert names(left) == tuple(f"G{i}" for i in range(3) if i not in items)


def test_no_change_is_the_circuit_itself() -> None:
    assert Changes.deleting_operations(THREE).circuit_with(frozenset()) is THREE


def test_edits_that_belong_together_are_made_together() -> None:
    swap = [Edit((0,), (gate("G9"),)), Edit((2,))]
    (only,) = Changes.of_edits(THREE, [swap]).each()
    assert only is not None
    assert names(only) == ("G9", "G1")


def test_of_changes_at_one_place_the_first_wins() -> None:
    changes = Changes.of_edits(THREE, [[Edit((1,), (gate(name),))] for name in ("A", "B")])
    both = changes.circuit_with(frozenset({0, 1}))
    assert both is not None
    assert names(both) == ("G0", "A", "G2")


def test_of_whole_circuits_the_first_wins() -> None:
    one, two = numbered(1), numbered(2)
    changes = Changes.whole([one, two])
    assert changes.each() == (one, two)
    assert changes.circuit_with(frozenset({0, 1})) is one


@pytest.mark.parametrize("error", [ValueError, TypeError, IndexError, ZeroDivisionError])
def test_a_change_that_makes_no_circuit_makes_none(error: type[Exception]) -> None:
    def make(items: frozenset[int]) -> None:
        raise error("no such circuit")

    changes = Changes(2, make)  # type: ignore[arg-type]
    assert changes.each() == (None, None)


def test_a_mistake_of_ours_is_no_answer() -> None:
    def make(items: frozenset[int]) -> None:
        raise AttributeError("a typing error")

    with pytest.raises(AttributeError):
        Changes(1, make).circuit_with(frozenset({0}))  # type: ignore[arg-type]


def test_all_operands_of_a_sum_cannot_go() -> None:
    total = circuit(measured=(expval(gathered("Sum", Z, gate("PauliX"))),))
    changes = Changes.of_edits(total, [[Edit((0, 0, 0))], [Edit((0, 0, 1))]])
    assert [sketch(found).split("(", 1)[1] for found in changes.each() if found is not None] == ["PauliX[0])[0]", "PauliZ[0])[0]"]
    assert changes.circuit_with(frozenset({0, 1})) is None


def test_without_pennylane_nothing_expands_and_nothing_is_made() -> None:
    assert NO_EDITS.expanded(THREE, 0) is None
    assert NO_EDITS.gate("RX", (), (0,)) is None
    assert NO_EDITS.batched(THREE) == ()
