"""A copy in which the script goes on: what is moved there, and what it says before it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from qdiag.model.step_probe import LARGE, SMALL, Moved, Outcome, StepProbe
from qdiag.recording import branch as branches
from qdiag.recording import current
from qdiag.recording.branch import Branch, Plan, Subject
from qdiag.recording.source_places import Places
from qdiag.trace import call_parser


class Box:
    """A tracked number, as autograd's are."""

    def __init__(self, value: Any) -> None:
        self._value = np.asarray(value)
        self._node = object()


class QNode:
    """Has a quantum function."""

    def __init__(self, function: Any) -> None:
        self.func = function


CIRCUIT = QNode(lambda x: x)
OTHER = QNode(lambda y: y)


@pytest.mark.parametrize(
    ("outputs", "size"),
    [([0.3, -0.2], 1.0), ([3.0], 3.0), ([np.array([0.25, 0.75])], 0.75), ([np.full((2, 4), 0.25)], 0.25), ([np.nan], 1.0)],
)
def test_moves_are_in_parts_of_the_outputs_size_and_probabilities_may_be_small(outputs: list[Any], size: float) -> None:
    assert branches.size_of([Box(output) for output in outputs]) == size


class Gone(Exception):
    """The copy has ended."""


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Any]]:
    def leave(code: int) -> None:
        raise Gone

    monkeypatch.setattr(os, "_exit", leave)
    read, write = os.pipe()
    yield write, lambda: call_parser.value_from(Outcome, os.read(read, 1 << 16).decode())
    os.close(read), os.close(write)


def branch(pipe: int, plan: Plan, size: float = 2.0) -> Branch:
    return Branch(pipe, plan, Places("/"), CIRCUIT.func.__code__, size)


def test_every_output_of_the_qnode_is_moved_and_none_of_others(end: Any) -> None:
    copy = branch(end[0], Plan(0, SMALL))
    mine, others, plain = (Box(0.3), Box([0.1, 0.2])), Box(0.3), np.array(0.3)
    copy.finish(copy.begin(CIRCUIT, (), {}, None), (*mine, plain))
    copy.finish(copy.begin(OTHER, (), {}, None), others)
    moved = np.concatenate([np.ravel(mine[0]._value - 0.3), mine[1]._value - [0.1, 0.2]])
    assert np.all((np.abs(moved) >= SMALL) & (np.abs(moved) <= 2 * SMALL))
    assert len(set(moved)) == 3
    assert others._value == plain == 0.3
    with pytest.raises(Gone):
        copy.root(0.25, None)
    assert end[1]() == Outcome(SMALL, 0, 0.25)


def test_far_means_from_one_end_to_the_other_and_not_beyond(end: Any) -> None:
    values, shares = Box([0.97, -0.99, 0.0]), Box([0.0, 0.25, 0.75])
    up, down = branch(end[0], Plan(0, LARGE), 1.0), branch(end[0], Plan(0, -LARGE), 1.0)
    up.take(values), up.take(shares)
    assert np.all(np.abs(values._value) <= 1.0)
    assert np.all((shares._value >= 0.0) & (shares._value <= 1.0))
    other = Box([0.97, -0.99, 0.0])
    down.take(other)
    crossed = np.sign(values._value) != np.sign([0.97, -0.99, 0.0])
    assert np.all(crossed | (np.sign(other._value) != np.sign([0.97, -0.99, 0.0])))


def test_both_signs_move_along_one_line(end: Any) -> None:
    up, down, again = Box([0.0, 0.0]), Box([0.0, 0.0]), Box([0.0, 0.0])
    for box, plan in ((up, Plan(0, SMALL)), (down, Plan(0, -SMALL)), (again, Plan(0, SMALL, 1))):
        branch(end[0], plan).take(box)
    assert np.array_equal(up._value, -down._value)
    assert not np.array_equal(up._value, again._value)


def test_nothing_is_moved_in_the_control(end: Any) -> None:
    box = Box(0.3)
    copy = branch(end[0], Plan())
    copy.take(box)
    assert box._value == 0.3
    with pytest.raises(Gone):
        copy.root(0.5, None)
    assert end[1]() == Outcome(loss=0.5)


def test_a_parameter_is_moved_in_place(end: Any) -> None:
    subjects = [Subject("a", np.zeros(3)), Subject("b", np.zeros(3))]
    asked = [StepProbe(0, 0, Moved.PARAMETER, subject.name, size=1.0) for subject in subjects]
    branch(end[0], Plan(1, SMALL)).move_parameter(subjects, asked)
    assert not subjects[0].value.any()
    assert np.all(np.abs(subjects[1].value) <= SMALL)
    assert subjects[1].value.all()


@pytest.mark.parametrize(
    ("happens", "note"),
    [
        (lambda copy: copy.root(None, None), "the next backward pass does not begin at a single number"),
        (lambda copy: copy.step(), "an optimiser's step comes before the next loss"),
        (lambda copy: copy.close(), "the recording ended before its next loss"),
        (lambda copy: copy.move_parameter([Subject("a", "no number")], []), "IndexError"),
    ],
)
def test_why_a_copy_comes_to_no_loss(end: Any, happens: Any, note: str) -> None:
    with pytest.raises(Gone):
        happens(branch(end[0], Plan(0, SMALL)))
    assert end[1]().note.startswith(note)


def test_whatever_else_a_recorder_is_told_is_nothing_to_it(end: Any) -> None:
    copy = branch(end[0], Plan())
    assert copy.note("anything") is None
    assert copy.pass_begins(None, True, None) is None
    assert copy.under_way() == []
    inside = copy.begin(CIRCUIT, (), {}, None)
    assert copy.is_calling()
    copy.fail(inside, ValueError())
    assert not copy.is_calling()
    assert current.recorder is None
