"""QD805: the loss leads to a tensor that no optimiser holds, in the place of one that it holds."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.training import unheld_layer
from qdiag.diagnosis.training.other_tensors import READ_REMEDY, REMEDY, remarks, told_of
from qdiag.model.training import ArgumentOrigin
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


def loaded_again(after: int, stand_in: bool = True, held: bool = False) -> Told:
    """A model that is made anew after some steps, while the optimiser goes on with the first one's weights."""
    told = Told()
    told.optimiser(leaf(0, "weights"))
    if held:
        told.optimiser(leaf(5, "weights"), number=1)
    for number in range(7):
        token = 0 if number < after else 5 + number // 6
        told.fact("leaf", leaf(token, shape=(2,) if stand_in or not token else (3,)))
        told.root(token, calls=(told.calls_qnode(circuit=(token,)),))
        told.step(none(0) if token else some(0), number=number)
    return told


def test_one_that_learns_until_its_model_is_made_anew() -> None:
    (found,) = remarks(loaded_again(3).history())
    assert found.diagnosis.code == "QD805"
    assert "Adam holds weights, which no loss leads to from step 3 on; the gradient goes to another tensor" in found.diagnosis.because
    assert told_of(loaded_again(3).history()) == {5, 6}


def test_one_that_is_only_done_with_learning_is_not_replaced() -> None:
    assert not list(remarks(loaded_again(4).history()))
    assert not list(remarks(loaded_again(3, stand_in=False).history()))
    assert not list(remarks(loaded_again(3, held=True).history()))


def passed_by(reads: int, given: tuple[int, ...] = (0,)) -> Told:
    """A quantum function that is called with what the optimiser holds (0), and reads another tensor of the script's."""
    told = Told()
    told.optimiser(leaf(0, "params"))
    told.fact("leaf", leaf(reads))
    for number in range(3):
        arguments = tuple(ArgumentOrigin(f"a{token}", True, token, (token,)) for token in given)
        told.root(reads, calls=(told.calls_qnode(circuit=(reads,), arguments=arguments),))
        told.step(none(0), number=number)
    return told


def test_of_a_quantum_function_that_reads_another_tensor_than_its_argument_this_is_said() -> None:
    (found,) = remarks(passed_by(5).history())
    assert "Adam holds params, which no loss leads to" in found.diagnosis.because
    assert found.diagnosis.because.endswith("always the same one, which the quantum function reads instead of its argument")
    assert found.diagnosis.remedy == READ_REMEDY


def test_an_argument_beside_one_that_is_data_is_not_replaced_by_that() -> None:
    assert not list(remarks(passed_by(5, given=(0, 5)).history()))


def layered(layer: str) -> Told:
    """A layer that calls its circuit with other weights (5) than the optimiser holds (0)."""
    told = Told()
    told.optimiser(leaf(0, "Model.layer.weights"))
    told.fact("leaf", leaf(5))
    for number in range(3):
        arguments = (ArgumentOrigin("x", False), ArgumentOrigin("weights", True, 5, (5,)))
        index = told.calls_qnode(circuit=(5,), arguments=arguments)
        made = told.calls[index]
        told.calls[index] = replace(made, configuration=replace(made.configuration, layer=layer))
        told.root(5, calls=(index,))
        told.step(none(0), number=number)
    return told


def test_of_a_layer_that_keeps_the_weights_it_was_made_with_the_remedy_says_so_and_nothing_else_is_told() -> None:
    history = layered("TorchLayer").history()
    (remark,) = remarks(history)
    assert remark.diagnosis.remedy == REMEDY
    assert told_of(history) == {5}
    assert not [*unheld_layer.remarks(history)]


def test_of_another_layer_it_does_not() -> None:
    (remark,) = remarks(layered("Model").history())
    assert remark.diagnosis.remedy != REMEDY
