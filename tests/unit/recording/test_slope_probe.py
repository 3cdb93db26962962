"""Copies in which all is moved that an optimiser holds, and what the script's own gradients are along the same direction."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.model.call import SourceLine
from qdiag.model.step_probe import OWN_BACKWARD, SMALL, Moved, Outcome, Spot, StepProbe
from qdiag.recording import slope_probe
from qdiag.recording.branch import Plan
from qdiag.recording.slope_probe import Awaited, Held, SlopeBranch
from qdiag.recording.source_places import Places
from qdiag.trace import call_parser


class Tensor(np.ndarray):  # type: ignore[type-arg]
    """A number that has a gradient."""

    grad: Any = None
    is_sparse = False

    def numel(self) -> int:
        return self.size


def tensor(*values: float, grad: Optional[list[float]] = None) -> Any:
    made = np.array(values).view(Tensor)
    made.grad = None if grad is None else gradient(*grad)
    return made


def gradient(*values: float) -> Any:
    return np.array(values).view(Tensor)


class Gone(Exception):
    """The copy has ended."""


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Any:
    def leave(code: int) -> None:
        raise Gone

    monkeypatch.setattr(os, "_exit", leave)
    read, write = os.pipe()
    yield write, lambda: call_parser.value_from(Outcome, os.read(read, 1 << 16).decode())
    os.close(read), os.close(write)


def branch(pipe: int, plan: Plan, held: Held) -> SlopeBranch:
    return SlopeBranch(pipe, plan, Places("/"), held)


def test_each_group_has_a_copy_that_looks_before_those_that_move_it() -> None:
    plan = slope_probe.plan(2)
    assert [one.subject for one in plan] == [0] * 9 + [1] * 9
    assert [one.looks for one in plan[:9]] == [True] + [False] * 8
    assert [one.stirs for one in plan[:9]] == [0, 1, 2, 3, 4, 0, 0, 0, 0]
    assert [one.by for one in plan[9:]] == [0.0] * 5 + [SMALL, -SMALL, SMALL / 2, -SMALL / 2]


def test_numbers_are_moved_where_the_graph_is_left_and_parameters_only_where_the_loss_has_felt_it() -> None:
    looked = Outcome(loss=1.0, spots=(Spot("tolist", SourceLine("", 0)), Spot(OWN_BACKWARD + "F", SourceLine("", 0))))
    asked = StepProbe(0, 0, Moved.HELD, "Adam", outcomes=(looked,))
    assert [slope_probe.wants(Plan(0, stirs=place), asked) for place in (1, 2, 3)] == [True, False, False]
    logged = StepProbe(0, 0, Moved.HELD, "Adam", outcomes=(Outcome(loss=1.0, spots=looked.spots[:1]), Outcome(loss=1.0, stirred=1)))
    assert [slope_probe.wants(Plan(0, SMALL), probe) for probe in (asked, logged)] == [True, False]


def test_all_entries_move_along_one_direction_in_parts_of_their_size(end: Any) -> None:
    up, down = (Held(0, "Adam", (tensor(0.0, 0.0), tensor(4.0))) for _ in range(2))
    branch(end[0], Plan(0, SMALL), up).go_on(), branch(end[0], Plan(0, -SMALL), down).go_on()
    assert np.array_equal(up.parameters[0], -down.parameters[0])
    assert np.all((np.abs(up.parameters[0]) >= 0.05 * SMALL) & (np.abs(up.parameters[0]) <= 0.1 * SMALL))
    assert 2 * SMALL <= abs(up.parameters[1][0] - 4.0) <= 4 * SMALL


def test_a_copy_goes_on_over_gradients_that_nobody_gets_and_ends_at_the_next_loss(end: Any) -> None:
    copy = branch(end[0], Plan(0, SMALL), Held(0, "Adam", ()))
    copy.root(0.25, None, False)
    with pytest.raises(Gone):
        copy.root(0.5, None)
    assert end[1]() == Outcome(SMALL, loss=0.5)


@pytest.mark.parametrize(
    ("stops", "outcome"),
    [
        ({"purpose": lambda: "on purpose"}, Outcome(note="on purpose")),
        ({"leads_back": lambda graph: False}, Outcome(note="the next loss does not lead to it")),
        ({"is_old": lambda graph: True}, Outcome(note="part of the next loss was computed before")),
        ({"before": lambda graph: []}, Outcome(note="nothing on the way leaves the graph")),
        ({}, Outcome(loss=0.5, reached=True, spots=(Spot("tolist", SourceLine("", 0), True),))),
    ],
)
def test_what_the_copy_says_that_looks(end: Any, stops: dict[str, Any], outcome: Outcome) -> None:
    copy = branch(end[0], Plan(0, looks=True), Held(0, "Adam", ()))
    left = [SimpleNamespace(operation="tolist", frames=())]
    seen = {"purpose": str, "leads_back": lambda graph: True, "is_old": lambda graph: False, "before": lambda graph: left}
    copy._stops = SimpleNamespace(**{**seen, **stops})  # type: ignore[assignment]
    with pytest.raises(Gone):
        copy.root(0.5, None)
    assert end[1]() == outcome


def test_what_a_pass_brings_is_what_it_adds_along_the_direction() -> None:
    held = Held(0, "Adam", (tensor(1.0, 1.0, grad=[1.0, 1.0]), tensor(1.0)))
    awaited = Awaited(0, (held, Held(1, "SGD", (tensor(1.0),))))
    awaited.begins(0.5)
    held.parameters[0].grad = gradient(3.0, 1.0)
    first, _ = slope_probe.direction(held.parameters)
    assert awaited.loss == 0.5
    brought, nothing = awaited.along()
    assert brought == pytest.approx(2.0 * first[0])
    assert nothing is None


def test_with_a_hook_on_it_nobody_knows_what_a_gradient_should_be() -> None:
    plain, hooked = tensor(1.0), tensor(1.0)
    hooked._backward_hooks = {0: len}
    assert Held(0, "Adam", (plain,)).is_movable
    assert not Held(0, "Adam", (plain, hooked)).is_movable
    assert not Held(0, "Adam", ()).is_movable
