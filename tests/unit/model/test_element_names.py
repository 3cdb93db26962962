"""Names of elements: each parameter has its own, and a reader finds the operation by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from qdiag.model.circuit import Circuit, Node, with_trainable
from qdiag.model.element_names import jacobian_name, output_name, parameter_names, trainable_names, vjp_name
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, number, wrapped
from tests.worlds.strategies import circuits


def test_operations_are_counted_among_their_like_from_zero() -> None:
    made = circuit(gate("RX", 0.1), gate("RY", 0.2), gate("RX", 0.3), gate("H"), gate("RX", 0.4))
    assert parameter_names(made) == ("RX#0", "RY#0", "RX#1", "RX#2")


def test_an_operation_without_numbers_still_counts() -> None:
    made = circuit(gate("RX"), gate("RX", 0.1))
    assert parameter_names(made) == ("RX#1",)


def test_of_several_numbers_each_has_its_place() -> None:
    made = circuit(gate("Rot", 0.1, 0.2, 0.3), gate("RX", 0.4))
    assert parameter_names(made) == ("Rot#0:0", "Rot#0:1", "Rot#0:2", "RX#0")


def test_a_wrapped_operation_shows_what_is_inside() -> None:
    adjoint = wrapped("Adjoint", controlled(gate("RX", 0.1), 1))
    assert parameter_names(circuit(adjoint, gate("RX", 0.2))) == ("Adjoint(Controlled(RX))#0", "RX#0")


def test_numbers_of_an_observable_are_the_measurements() -> None:
    made = circuit(measured=(expval(combination((0.5, Z), (0.25, Z))), expval(gate("Hermitian", [[1.0, 0.0], [0.0, 1.0]]))))
    assert parameter_names(made) == (
        "ExpectationMP(LinearCombination)#0:0",
        "ExpectationMP(LinearCombination)#0:1",
        "ExpectationMP(Hermitian)#0",
    )


def test_trainable_parameters_keep_the_names_that_they_have_among_all() -> None:
    made = with_trainable(circuit(gate("RX", 0.1), gate("RX", 0.2), gate("Rot", 0.1, 0.2, 0.3)), [1, 3])
    assert trainable_names(made) == ("RX#1", "Rot#0:1")


@settings(max_examples=30)
@given(circuits())
def test_every_parameter_has_a_name_of_its_own(made: Circuit) -> None:
    names = parameter_names(made)
    assert len(names) == len(made.parameters)
    assert len(set(names)) == len(names)
    assert len(trainable_names(made)) == len(made.trainable)


def test_numbers_beside_the_data_count_as_the_operations() -> None:
    made = circuit(Node("Pow", (number(0.1), number(0.2)), (number(3.0),)))
    assert parameter_names(made) == ("Pow#0:0", "Pow#0:1", "Pow#0:2")


@pytest.mark.parametrize(
    ("outputs", "output", "index", "name"),
    [(1, 0, (), "output"), (2, 1, (), "output[1]"), (1, 0, (3,), "output[3]"), (2, 0, (1, 2), "output[0][1, 2]")],
)
def test_an_output_is_numbered_only_where_there_are_several(outputs: int, output: int, index: tuple[int, ...], name: str) -> None:
    assert output_name(outputs, output, index) == name


@pytest.mark.parametrize(
    ("outputs", "ndim", "index", "name"),
    [
        (1, 0, (), "d output / d RX#0"),
        (1, 1, (2,), "d output[2] / d RX#0"),
        (1, 0, (2,), "d output / d RX#0[2]"),
        (1, 1, (2, 0, 1), "d output[2] / d RX#0[0, 1]"),
        (3, 2, (2, 0, 1), "d output[0][2, 0] / d RX#0[1]"),
    ],
)
def test_the_index_of_a_jacobian_is_the_outputs_and_then_the_parameters(
    outputs: int, ndim: int, index: tuple[int, ...], name: str
) -> None:
    assert jacobian_name(outputs, 0, ndim, "RX#0", index) == name


def test_an_element_of_a_product_names_what_was_differentiated() -> None:
    assert vjp_name("loss", "RX#0", (1,)) == "d loss / d RX#0[1]"
    assert vjp_name("output", "RX#0", ()) == "d output / d RX#0"
