"""QD811: an optimiser is given data and targets beside the weights, and moves them as well."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.diagnosis.training.trained_data import remarks
from qdiag.model.call import Argument
from qdiag.model.training import SteppedArgument
from tests.worlds.recorded_trainings import STEPS, Told

ROWS = 3


def given(name: str, *shape: int, trainable: bool = True, returned: str = "b") -> SteppedArgument:
    return SteppedArgument(name, "autograd", "float64", shape, trainable, "a", returned)


WEIGHTS, DATA, TARGETS = given("weights", 2, 3), given("X", ROWS, 2), given("Y", ROWS)


def training(*arguments: SteppedArgument, shape: tuple[int, ...] = (2,), calls: int = ROWS, same: bool = False) -> Told:
    """Two steps, each with calls that were given something of a shape."""
    told = Told()
    for number in range(2):
        for row in range(calls):
            told.calls_qnode(constants=(0.1, 0.5 if same else row))
            told.calls[-1] = replace(told.calls[-1], arguments=(Argument("x", "autograd", "float64", shape, True),))
        told.pennylane_step(*arguments, number=number)
    return told


def test_data_whose_rows_go_to_calls_and_targets_that_go_to_none_are_told() -> None:
    (found,) = remarks(training(WEIGHTS, DATA, TARGETS).history())
    assert (found.diagnosis.code, found.places, found.calls) == ("QD811", (STEPS,), (0, 1, 2))
    assert "X (3, 2) and Y (3)" in found.diagnosis.because
    assert "lambda weights: cost(weights, X, Y)" in found.diagnosis.remedy


def test_a_batch_is_data_too() -> None:
    told = training(WEIGHTS, DATA, TARGETS, shape=(ROWS, 2), calls=1)
    told.calls[:] = [replace(call, outputs=(np.zeros(ROWS),)) for call in told.calls]
    (found,) = remarks(told.history())
    assert found.diagnosis.code == "QD811"


@pytest.mark.parametrize(
    "told",
    [
        training(WEIGHTS, replace(DATA, trainable=False), replace(TARGETS, trainable=False)),
        training(WEIGHTS, DATA, replace(TARGETS, trainable=False)),
        training(WEIGHTS, replace(DATA, returned="a"), TARGETS),
        training(DATA, TARGETS),
        training(WEIGHTS, DATA, given("Y", ROWS + 1)),
        training(WEIGHTS, DATA, TARGETS, shape=(3,)),
        training(WEIGHTS, DATA, TARGETS, calls=ROWS - 1),
        training(WEIGHTS, DATA, TARGETS, same=True),
        training(WEIGHTS, DATA, TARGETS, shape=(ROWS, 2), calls=1),
        training(WEIGHTS),
        Told(),
    ],
    ids=[
        "marked as data",
        "no targets",
        "unmoved",
        "nothing else",
        "other lengths",
        "other rows",
        "fewer calls",
        "one call again",
        "no batch",
        "weights alone",
        "no steps",
    ],
)
def test_whatever_may_be_meant_is_not(told: Told) -> None:
    assert not list(remarks(told.history()))
