"""How long a probe waits for a method besides the user's own: in proportion to what that one takes, and never in vain."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pennylane")

from qdiag.bridges.live.probe_methods import LEAST, MOST, TIMES, Cost, other_method


@pytest.mark.parametrize(
    ("own", "seconds"), [(0.0, LEAST), (LEAST / TIMES / 2, LEAST), (2 * LEAST / TIMES, 2 * LEAST), (MOST / TIMES, MOST), (10.0, MOST)]
)
def test_a_method_has_so_many_times_what_the_own_one_takes_between_a_least_and_a_most(own: float, seconds: float) -> None:
    assert Cost(0.0, own, 0).patience == pytest.approx(seconds)


class Untouched:
    """A subject of which nothing is asked."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"asked for {name}")


def test_a_shift_rule_is_not_tried_where_its_shifts_alone_take_longer_than_there_is_patience_for() -> None:
    dear = other_method(Untouched(), "parameter-shift", Cost(0.05, 0.2, 179))  # type: ignore[arg-type]
    assert dear.failure == "would take 18 s or more"


@pytest.mark.parametrize(("method", "shifted"), [("parameter-shift", 10), ("adjoint", 179)])
def test_what_may_be_done_in_time_is_tried(method: str, shifted: int) -> None:
    tried = other_method(Untouched(), method, Cost(0.05, 0.2, shifted))  # type: ignore[arg-type]
    assert "asked for" in tried.failure
