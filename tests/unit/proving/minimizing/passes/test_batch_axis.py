"""Passes on what runs side by side: rows, the axis itself, shots."""

from __future__ import annotations

import pytest

from qdiag.proving.minimizing.changes import NO_EDITS
from qdiag.proving.minimizing.passes.batch_axis import drop_batch_axis, drop_rows, drop_shots
from tests.worlds.small_circuits import WORKSHOP, circuit, gate, sketch

BATCH = circuit(gate("RX", [0.1, 0.2, 0.3]), gate("RY", [0.4, 0.5, 0.6]), gate("RZ", 0.7))


def test_a_row_goes_from_every_number_that_has_one() -> None:
    left = drop_rows(BATCH, WORKSHOP).circuit_with(frozenset({0, 2}))
    assert left is not None
    assert sketch(left).startswith("RX([0.2])[0] RY([0.5])[0] RZ(0.7)[0]")


def test_one_row_stays() -> None:
    assert drop_rows(BATCH, WORKSHOP).circuit_with(frozenset({0, 1, 2})) is None
    assert drop_rows(circuit(gate("RX", [0.1])), WORKSHOP).count == 0


def test_the_axis_goes_with_all_rows_but_the_first() -> None:
    (left,) = drop_batch_axis(BATCH, WORKSHOP).each()
    assert left is not None
    assert sketch(left).startswith("RX(0.1)[0] RY(0.4)[0] RZ(0.7)[0]")


def test_a_vector_that_is_no_batch_stays_one() -> None:
    for propose in (drop_rows, drop_batch_axis):
        assert propose(BATCH, NO_EDITS).count == 0
        assert propose(circuit(gate("StatePrep", [0.6, 0.8])), WORKSHOP).count == 0


@pytest.mark.parametrize(("shots", "fewer"), [((), []), ((100,), [()]), ((10, 300, 20), [(), (300,)])])
def test_shots_go_altogether_or_but_for_the_largest_group(shots: tuple[int, ...], fewer: list[tuple[int, ...]]) -> None:
    assert [found.shots for found in drop_shots(circuit(shots=shots), NO_EDITS).each() if found is not None] == fewer
