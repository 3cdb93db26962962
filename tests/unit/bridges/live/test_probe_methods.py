"""How long a probe waits for a method besides the user's own: in proportion to what that one takes."""

from __future__ import annotations

import pytest

pytest.importorskip("pennylane")

from qdiag.bridges.live.probe_methods import LEAST, MOST, TIMES, patience


@pytest.mark.parametrize(
    ("own", "seconds"), [(0.0, LEAST), (LEAST / TIMES / 2, LEAST), (2 * LEAST / TIMES, 2 * LEAST), (MOST / TIMES, MOST), (10.0, MOST)]
)
def test_a_method_has_so_many_times_what_the_own_one_takes_between_a_least_and_a_most(own: float, seconds: float) -> None:
    assert patience(own) == pytest.approx(seconds)
