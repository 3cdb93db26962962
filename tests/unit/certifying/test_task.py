"""What a specimen is asked on a device: products along seeded weights, and shift rules where they are something new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.certifying.task import Task, by_its_own_numbers, cotangents_of, methods_of
from qdiag.model.certificate import OUTPUT
from qdiag.model.method import Method
from qdiag.model.specimen import Rank
from tests.worlds.certificates import specimen
from tests.worlds.small_circuits import gate

STATE = np.array([0.5, 0.5j, -0.5, 0.5], dtype=np.complex128)
DEVICE = Method("a", "")


def test_every_element_of_every_output_weighs_in_a_product_and_both_parts_of_a_complex_one_do() -> None:
    real, state, number = cotangents_of([np.zeros((2, 4)), STATE, np.array(0.5)])
    assert (real.shape, state.shape, number.shape) == ((2, 4), (4,), ())
    assert min(np.min(np.abs(real)), np.min(np.abs(state.real)), np.min(np.abs(state.imag)), abs(number)) >= 0.5
    np.testing.assert_array_equal(cotangents_of([np.zeros((2, 4))])[0], real)


def test_a_method_is_asked_for_one_product_and_for_the_whole_jacobian_where_it_is_doubted() -> None:
    task = Task(specimen(), DEVICE, ("adjoint",), cotangents=(np.ones(2),))
    product, whole, plain = task.request("adjoint"), task.request("adjoint", whole=True), task.request(OUTPUT)
    assert (len(product.cotangents), product.jacobian) == (1, False)
    assert (len(whole.cotangents), whole.jacobian) == (1, True)
    assert (len(plain.cotangents), plain.jacobian) == (0, False)
    # without an output its shape is not known
    assert Task(specimen(), DEVICE, ("adjoint",)).request("adjoint").jacobian


@pytest.mark.parametrize(
    ("rank", "asked"),
    [(Rank.ALONE, ("adjoint", "parameter-shift")), (Rank.WIRES, ("adjoint",)), (Rank.OTHER_MEASUREMENT, ("adjoint",))],
)
def test_shift_rules_are_not_asked_where_they_are_the_outputs_once_more(rank: Rank, asked: tuple[str, ...]) -> None:
    tracked = replace(specimen().circuit, operations=(gate("RX", 0.3, trainable=True),))
    one = replace(specimen(), circuit=tracked, rank=rank)
    assert methods_of(Task(one, DEVICE, ("adjoint", "parameter-shift"))) == asked
    assert methods_of(Task(replace(one, circuit=specimen().circuit), DEVICE, ("adjoint",))) == ()


@pytest.mark.parametrize("rank", [Rank.WRAPPED, Rank.SINGULAR, Rank.BATCH])
def test_hadamard_tests_are_asked_of_the_plain_operation_alone(rank: Rank) -> None:
    circuit = replace(specimen().circuit, operations=(gate("RX", 0.3, trainable=True),))
    one = replace(specimen(), circuit=circuit, rank=rank)
    assert methods_of(Task(one, DEVICE, ("hadamard", "parameter-shift"))) == ("parameter-shift",)
    assert methods_of(Task(replace(one, rank=Rank.ALONE), DEVICE, ("hadamard",))) == ("hadamard",)


def test_nor_where_only_the_surroundings_of_an_operation_are_differentiated() -> None:
    circuit = replace(specimen().circuit, operations=(gate("RX", 0.3, trainable=True), gate("CNOT", wires=(0, 1))))
    one = replace(specimen("CNOT"), circuit=circuit, tracked=False)
    assert methods_of(Task(one, DEVICE, ("adjoint", "hadamard"))) == ("adjoint",)


def test_shift_rules_are_asked_by_the_operations_own_numbers() -> None:
    around, own = gate("RX", 0.3, trainable=True), gate("RY", 0.4, trainable=True)
    one = replace(specimen("RY"), circuit=replace(specimen().circuit, operations=(around, own)), own=(1,))
    assert by_its_own_numbers(Task(one, DEVICE, ())).circuit.trainable == (1,)
    assert by_its_own_numbers(Task(one, DEVICE, (), beside="")).circuit.trainable == (0, 1)
    assert by_its_own_numbers(Task(replace(one, own=()), DEVICE, ())).circuit.trainable == (0, 1)


def test_of_the_device_whose_rules_they_are_everything_is_asked() -> None:
    circuit = replace(specimen().circuit, operations=(gate("RX", 0.3, trainable=True),))
    one = replace(specimen(), circuit=circuit, rank=Rank.WIRES, tracked=False)
    assert methods_of(Task(one, DEVICE, ("adjoint", "hadamard"), beside="")) == ("adjoint", "hadamard")
