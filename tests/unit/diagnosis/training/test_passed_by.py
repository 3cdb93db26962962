"""QD813: a layer calls its circuit with weights of which torch makes something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.diagnosis.training.detectors import without_echoes
from qdiag.diagnosis.training.other_tensors import remarks as other_tensors
from qdiag.diagnosis.training.passed_by import remarks
from qdiag.model.training import ArgumentOrigin
from tests.worlds.recorded_trainings import CALLS, MAKES, Told, leaf, none, some


def layered(held: str, *, given: int = 0, layer: str = "TorchLayer", argument: str = "weights") -> Told:
    """A layer that calls its circuit with a tensor, where the optimiser holds another one (0) under a name."""
    told = Told()
    told.optimiser(leaf(0, held))
    if given:
        told.fact("leaf", leaf(given))
    for number in range(3):
        arguments = (ArgumentOrigin("inputs", False), ArgumentOrigin(argument, True, given, (given,)))
        index = told.calls_qnode(circuit=(given,), arguments=arguments)
        made = told.calls[index]
        told.calls[index] = replace(made, configuration=replace(made.configuration, layer=layer))
        told.root(given, calls=(index,))
        told.step(none(0) if given else some(0), number=number)
    return told


@pytest.mark.parametrize(
    "name", ["TorchLayer.parametrizations.weights.original", "Model.2.parametrizations.weights.original0", "TorchLayer.weights_orig"]
)
def test_a_layer_that_calls_its_circuit_with_the_original_is_told_of(name: str) -> None:
    (remark,) = remarks(layered(name).history())
    assert remark.diagnosis.code == "QD813"
    assert f"the optimiser holds {name}, of which torch makes the layer's weights" in remark.diagnosis.because
    assert (remark.calls, remark.places) == ((0, 1, 2), (CALLS, MAKES))


@pytest.mark.parametrize("name", ["Model.1.parametrizations.weights.original1", "TorchLayer.weights_v"])
def test_one_whose_originals_are_new_tensors_is_told_of_once_and_by_this(name: str) -> None:
    history = layered(name, given=5).history()
    told = [*remarks(history), *other_tensors(history)]
    assert [one.diagnosis.code for one in told] == ["QD813", "QD805"]
    assert [one.diagnosis.code for one in without_echoes(told)] == ["QD813"]


@pytest.mark.parametrize(
    "told",
    [
        layered("TorchLayer.weights"),
        layered("TorchLayer.parametrizations.scale.original"),
        layered("Net.parametrizations.weights.original", layer=""),
        layered("TorchLayer.weights", argument="weights_orig"),
        layered("TorchLayer.weights", given=5),
    ],
    ids=["nothing is made of it", "of another one", "a module of the script's own", "a name alone", "another tensor"],
)
def test_others_are_not(told: Told) -> None:
    assert not list(remarks(told.history()))


def test_what_is_made_of_the_original_is_no_leaf_and_may_come_in() -> None:
    told = Told()
    told.optimiser(leaf(0, "Net.parametrizations.weights.original"))
    index = told.calls_qnode(circuit=(0,), arguments=(ArgumentOrigin("weights", True, None, (0,)),))
    told.calls[index] = replace(told.calls[index], configuration=replace(told.calls[index].configuration, layer="TorchLayer"))
    assert not list(remarks(told.history()))
