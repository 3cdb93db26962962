"""QD805: weights of a layer that get gradients and that no optimiser holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.diagnosis.training.unheld_layer import remarks
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.model.training import ArgumentOrigin
from tests.worlds.recorded_trainings import MAKES, Told, leaf, some

INPUTS = ArgumentOrigin("x", True, None, (0, 6))
POINTS = ArgumentOrigin("x", True, 6, (6,))
WEIGHTS = ArgumentOrigin("weights", True, 5, (5,))


def training(
    *,
    held: tuple[int, ...] = (0,),
    moves: float = 0.0,
    layer: str = "TorchLayer",
    steps: int = 3,
    given: ArgumentOrigin = WEIGHTS,
    inputs: ArgumentOrigin = INPUTS,
    shifts: float = 0.1,
) -> Told:
    """A classical layer (0), inputs that are differentiated by (6), and the weights of a quantum layer (5)."""
    told = Told()
    told.optimiser(*(leaf(token) for token in held))
    told.fact("leaf", leaf(5))
    told.fact("leaf", leaf(6))
    for number in range(steps):
        index = told.calls_qnode(circuit=(0, 5, 6), arguments=(inputs, given))
        made = told.calls[index]
        numbers = tuple(Node("RX", (Parameter(np.array(v), "torch", True),)) for v in (shifts * number, 0.3 + moves * number))
        circuit = replace(made.circuit, operations=numbers)
        told.calls[index] = replace(made, circuit=circuit, configuration=replace(made.configuration, layer=layer))
        told.root(0, 5, 6, calls=(index,))
        told.step(*(some(token) for token in held), number=number)
    return told


def test_weights_that_every_loss_leads_to_and_nobody_moves_are_remarked_once() -> None:
    (remark,) = remarks(training().history())
    assert (remark.diagnosis.code, remark.diagnosis.confidence, remark.calls) == ("QD805", "likely", (0, 1, 2))
    assert "no optimiser holds weights of shape (2,) of TorchLayer" in remark.diagnosis.because
    assert "ModuleDict" in remark.diagnosis.remedy
    assert MAKES in remark.places


def gates(*, held: tuple[int, ...]) -> Told:
    """Two quantum layers (5, 7) behind a classical one (0), as the gates of a cell that stand in one dictionary."""
    told = Told()
    told.optimiser(*(leaf(token) for token in held))
    for token in (5, 7):
        told.fact("leaf", leaf(token))
    for number in range(3):
        indices = [gate(told, token, qnode, number, moves=token in held) for token, qnode in ((5, "forget"), (7, "update"))]
        told.root(0, 5, 7, calls=tuple(indices))
        told.step(*(some(token) for token in held), number=number)
    return told


def gate(told: Told, token: int, qnode: str, number: int, *, moves: bool) -> int:
    weights = ArgumentOrigin("weights", True, token, (token,))
    index = told.calls_qnode(circuit=(0, token), arguments=(ArgumentOrigin("x", True, None, (0,)), weights))
    made = told.calls[index]
    moved = 0.1 * number if moves else 0.0
    numbers = tuple(Node("RX", (Parameter(np.array(v), "torch", True),)) for v in (0.1 * number, 0.3 + moved))
    configuration = replace(made.configuration, layer="TorchLayer", qnode=qnode)
    told.calls[index] = replace(made, circuit=replace(made.circuit, operations=numbers), configuration=configuration)
    return index


def test_of_several_layers_that_nobody_steps_there_is_one_remark() -> None:
    (remark,) = remarks(gates(held=(0,)).history())
    assert remark.qnodes == ("forget", "update")
    assert remark.calls == (0, 1, 2, 3, 4, 5)
    assert "no optimiser holds weights of shape (2,) of TorchLayer at 2 QNodes" in remark.diagnosis.because


def test_a_layer_beside_them_that_is_stepped_is_none_of_them() -> None:
    (remark,) = remarks(gates(held=(0, 7)).history())
    assert remark.qnodes == ("forget",)
    assert "at 2 QNodes" not in remark.diagnosis.because


@pytest.mark.parametrize(
    "told",
    [
        training(held=(0, 5)),
        training(inputs=POINTS, shifts=0.0, moves=0.01),
        training(moves=0.01),
        training(layer=""),
        training(steps=1),
        training(held=()),
        training(given=replace(WEIGHTS, tracked=False)),
        training(given=replace(WEIGHTS, token=None)),
    ],
    ids=[
        "held",
        "stepped by hand with points that stay",
        "stepped by hand",
        "no layer",
        "one step",
        "no optimiser",
        "frozen",
        "made of something else",
    ],
)
def test_otherwise_there_is_nothing_to_say(told: Told) -> None:
    assert not list(remarks(told.history()))


def test_where_the_input_stays_as_well_all_numbers_have_to() -> None:
    assert len([*remarks(training(inputs=POINTS, shifts=0.0).history())]) == 1
