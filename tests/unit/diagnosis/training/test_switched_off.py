"""QD808: steps that go on where torch has been told to follow nothing."""

from __future__ import annotations

import pytest

from qdiag.diagnosis.training.switched_off import remarks
from tests.worlds.recorded_trainings import Told, leaf, none, some


def training(*, followed: int = 1, off: int = 3, gradient: bool = False, evaluations: bool = False) -> Told:
    """Steps while torch follows, and then steps while it does not, or evaluations that no step comes after."""
    told = Told()
    told.optimiser(leaf(0, "w"))
    for number in range(followed + off):
        on = number < followed
        told.calls_qnode(circuit=(0,) if on else (), outputs=(on,), grad_enabled=on)
        if on:
            told.root(0, calls=(number,))
        if on or not evaluations:
            told.step(some(0) if on or gradient else none(0), number=number)
    return told


def test_steps_that_go_on_where_nothing_is_followed_any_more_are_told() -> None:
    (found,) = remarks(training().history())
    assert found.diagnosis.code == "QD808"
    assert "from call 1 on torch follows nothing where train.py:10 calls the QNode, as it did at call 0" in found.diagnosis.because
    assert found.calls == (1, 2, 3)


@pytest.mark.parametrize(
    "told",
    [
        training(evaluations=True),  # after the last step
        training(followed=0),  # a search without gradients
        training(gradient=True),  # gradients of another part of the model
        training(off=1),
        training(off=0),
    ],
)
def test_evaluations_and_other_parts_that_learn_are_not(told: Told) -> None:
    assert list(remarks(told.history())) == []
