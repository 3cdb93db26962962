"""When copies are asked for slopes: at which steps, and never where a look in the script's own process met nothing."""

from __future__ import annotations

import time

import pytest

from qdiag.recording import slope_looks
from qdiag.recording.slope_looks import DEARER, FROM, MOST, SlopeLooks


class Watch:
    """A look that meets nothing but what it is told of."""

    def __init__(self) -> None:
        self.met = False
        self.listens = False
        self.heard: list[str] = []
        made.append(self)

    def resume(self) -> None:
        self.listens = True
        self.heard.append("resume")

    def pause(self) -> None:
        self.listens = False
        self.heard.append("pause")

    def end(self) -> bool:
        self.heard.append("end")
        return not self.met


made: list[Watch] = []


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> SlopeLooks:
    made.clear()
    monkeypatch.setattr(slope_looks, "ExitWatch", Watch)
    return SlopeLooks()


def step(looks: SlopeLooks, optimiser: int, taken: int, meets: bool = False) -> bool:
    """A step and the loss after it; where copies are due, they are asked."""
    due = looks.is_due(optimiser, taken)
    if due:
        looks.asked(optimiser, 0.0)
    if meets:
        looks.root(accumulates=False)
    looks.root(accumulates=True)
    return due


def test_no_copy_is_made_where_nothing_is_called_by_which_numbers_leave_the_graph(looks: SlopeLooks) -> None:
    assert not any(step(looks, 0, taken) for taken in range(1, 20))
    assert [watch.heard for watch in made] == [["resume", "end"]] * len(FROM)


def test_copies_are_due_at_the_end_of_the_step_after_which_something_was(looks: SlopeLooks) -> None:
    assert [taken for taken in range(1, 20) if step(looks, 0, taken, meets=True)] == list(FROM)


def test_what_is_on_the_way_to_a_later_loss_alone_is_met_there(looks: SlopeLooks) -> None:
    assert [taken for taken in range(1, 20) if step(looks, 0, taken, meets=taken >= FROM[1] - 1)] == [FROM[1]]


def test_optimisers_that_step_one_after_the_other_share_a_look(looks: SlopeLooks) -> None:
    looks.is_due(0, 1), looks.is_due(1, 1)
    looks.root(accumulates=False), looks.root(accumulates=True)
    assert len(made) == 1
    assert looks.is_due(0, 2)
    assert looks.is_due(1, 2)


def test_a_gradient_inside_of_a_qnode_is_pennylanes(looks: SlopeLooks) -> None:
    looks.is_due(0, 1)
    looks.calls(), looks.root(accumulates=False), looks.returned(), looks.root(accumulates=True)
    assert not looks.is_due(0, 2)
    assert made[-1].heard == ["resume", "pause", "resume", "end"]


def test_qnodes_that_are_called_while_nothing_is_looked_at_are_nothing_to_it(looks: SlopeLooks) -> None:
    looks.calls(), looks.returned()
    assert made == []


def test_a_look_that_ends_with_a_copy_of_the_process_says_nothing(looks: SlopeLooks) -> None:
    looks.is_due(0, 1)
    looks.leave()
    assert made[-1].heard == ["resume", "end"]
    assert looks.is_due(0, 2)


def test_copies_that_were_dear_are_made_again_only_in_a_long_script(looks: SlopeLooks, monkeypatch: pytest.MonkeyPatch) -> None:
    step(looks, 0, 1, meets=True)
    looks.asked(0, 0.1)
    monkeypatch.setattr(time, "process_time", lambda: 0.1 * DEARER - 1)
    assert not any(step(looks, 0, taken, meets=True) for taken in (5, 6, 7))
    monkeypatch.setattr(time, "process_time", lambda: 0.1 * DEARER + 1)
    assert step(looks, 0, 8, meets=True)


def test_a_run_asks_for_so_many_at_most(looks: SlopeLooks) -> None:
    due = [step(looks, optimiser, taken, meets=True) for optimiser in range(4) for taken in (1, 2, 5, 6)]
    assert sum(due) == MOST
