"""QD805: the loss leads to a tensor that no optimiser holds, in the place of one that it holds."""

from __future__ import annotations

from qdiag.diagnosis.training.other_tensors import remarks
from tests.worlds.recorded_trainings import CALLS, MAKES, Told, leaf, none, some


def training(*others: int, shape: tuple[int, ...] = (2,)) -> Told:
    told = Told()
    told.optimiser(leaf(0, "weights"))
    for number, other in enumerate(others):
        told.fact("leaf", leaf(other, shape=shape))
        index = told.calls_qnode(circuit=(other,))
        told.root(other, calls=(index,))
        told.step(none(0), number=number)
    return told


def test_one_that_stays_and_one_that_is_made_anew() -> None:
    (stays,) = remarks(training(5, 5).history())
    (anew,) = remarks(training(5, 6).history())
    assert (stays.diagnosis.code, stays.places, stays.calls) == ("QD805", (CALLS, MAKES), (0, 1))
    assert "and always the same one" in stays.diagnosis.because
    assert "made anew for each loss" in anew.diagnosis.because


def test_data_of_another_shape_and_parameters_that_learn_are_none() -> None:
    assert not list(remarks(training(5, 5, shape=(3,)).history()))
    told = Told()
    told.optimiser(leaf(0, "weights"))
    for number in range(2):
        told.fact("leaf", leaf(5))
        told.root(0, 5)
        told.step(some(0), number=number)
    assert not list(remarks(told.history()))
