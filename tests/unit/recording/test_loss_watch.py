"""At which losses a graph is looked at, and that each thing is told once."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from qdiag.bridges.live import loss_axes
from qdiag.model.call import SourceLine
from qdiag.model.loss_axes import LossAxes
from qdiag.recording.loss_watch import Losses
from qdiag.recording.source_places import Places
from qdiag.trace import call_parser


class Seen:
    """Takes the place of the graph."""

    def __init__(self) -> None:
        self.losses: list[Any] = []
        self.found: Optional[LossAxes] = None

    def broadcast_axes(self, loss: Any, source: SourceLine) -> Optional[LossAxes]:
        self.losses.append(loss)
        return self.found


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    made = Seen()
    monkeypatch.setattr(loss_axes, "broadcast_axes", made.broadcast_axes)
    return made


def test_the_first_four_and_then_powers_of_two_are_looked_at(seen: Seen) -> None:
    losses = Losses(Places(""), print)
    for number in range(1, 40):
        losses.look(number, None)
    assert seen.losses == [1, 2, 3, 4, 8, 16, 32]


def test_what_is_found_is_told_once(seen: Seen) -> None:
    told: list[str] = []
    losses = Losses(Places(""), told.append)
    seen.found = LossAxes("SubBackward0", (2, 1), (2, 2), SourceLine("train.py", 3))
    losses.look("first", None)
    losses.look("second", None)
    assert [call_parser.value_from(LossAxes, text) for text in told] == [seen.found]


def test_a_graph_that_cannot_be_read_is_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    def trips(loss: Any, source: SourceLine) -> None:
        raise AttributeError("_saved_self")

    monkeypatch.setattr(loss_axes, "broadcast_axes", trips)
    Losses(Places(""), print).look("a loss", None)
