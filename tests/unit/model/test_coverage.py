"""What was not seen, and the law by which it leaves a verdict undecided."""

from __future__ import annotations

import pytest

from qdiag.model.coverage import LEAST_CALLS, LEFT_OUT, LOST, Coverage, Gap, Unseen, event_of, gap_of


def left_out(compared: int, calls: int, gap: Gap = Gap.BUDGET) -> Coverage:
    return Coverage(compared + calls, compared, (Unseen(gap, "", calls, compared + calls),))


@pytest.mark.parametrize("gap", Gap)
def test_each_gap_is_an_event_of_its_own(gap: Gap) -> None:
    assert gap_of(event_of(gap)) is gap


def test_other_events_are_no_gap() -> None:
    assert gap_of("note") is None
    assert gap_of("unseen: of a later version") is None


@pytest.mark.parametrize("gap", sorted(LOST))
def test_beside_a_gap_in_the_recording_nothing_less_than_an_error_is_certain(gap: Gap) -> None:
    assert Coverage(900, 900, (Unseen(gap, ""),)).leaves_undecided


@pytest.mark.parametrize("gap", sorted(set(Gap) - LOST - LEFT_OUT))
def test_what_is_outside_of_the_circuits_leaves_no_doubt_of_what_is_inside(gap: Gap) -> None:
    assert not Coverage(3, 3, (Unseen(gap, "", 3, 3),)).leaves_undecided


@pytest.mark.parametrize("gap", sorted(LEFT_OUT))
@pytest.mark.parametrize(
    ("compared", "calls", "undecided"),
    [(1, 19_999, True), (1, 2, True), (1, 1, False), (58, 10_000, True), (LEAST_CALLS, 10_000, False), (0, 1, True)],
)
def test_calls_that_were_left_out_are_taken_to_be_like_the_others_if_enough_were_compared(
    gap: Gap, compared: int, calls: int, undecided: bool
) -> None:
    assert left_out(compared, calls, gap).leaves_undecided is undecided


def test_so_many_calls_would_meet_a_fault_of_one_call_in_twenty() -> None:
    assert 0.95**LEAST_CALLS < 0.05 < 0.95 ** (LEAST_CALLS - 1)


def test_what_cannot_be_compared_by_its_nature_is_no_gap() -> None:
    assert not Coverage(recorded=100, compared=1).leaves_undecided


def test_gaps_are_asked_for_by_name_and_their_calls_added() -> None:
    coverage = Coverage(3, 3, (Unseen(Gap.UNRECORDED, "a", 2), Unseen(Gap.UNRECORDED, "b", 1), Unseen(Gap.THREADS, "c")))
    assert coverage.calls(Gap.UNRECORDED) == 3
    assert coverage.calls(Gap.THREADS) == 0
    assert [one.text for one in coverage.of(Gap.UNRECORDED, Gap.THREADS)] == ["a", "b", "c"]
    assert coverage.gaps == {Gap.UNRECORDED, Gap.THREADS}
