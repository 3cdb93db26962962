"""What directions cost, and whether there is time for them."""

from __future__ import annotations

from typing import Any

import pytest

from qdiag.judging.arbiter import directions
from qdiag.judging.arbiter.directions import EVALUATIONS, Allowance

SPACE: Any = None


@pytest.mark.parametrize("lawful", [True, False])
def test_one_evolution_serves_many_directions(monkeypatch: pytest.MonkeyPatch, lawful: bool) -> None:
    monkeypatch.setattr(directions, "has_laws", lambda space: lawful)
    allowance = Allowance(20.0, 0.03)
    assert allowance.cost(SPACE, 91) < 0.5 * 91 * 12 * 0.03
    assert allowance.suffices(SPACE, 91)
    assert not allowance.suffices(SPACE, 91, EVALUATIONS)


def test_where_even_one_takes_too_long_there_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directions, "has_laws", lambda space: False)
    assert not Allowance(1.0, 0.2).suffices(SPACE, 1)
    assert Allowance(1.0, 0.08).suffices(SPACE, 1)
