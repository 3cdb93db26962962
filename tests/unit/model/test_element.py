"""Elements of results: what each is called, and how parameters of a circuit are told apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from qdiag.model.circuit import Circuit
from qdiag.model.element import Element, Kind, parameter_names, trainable_names
from qdiag.model.node import Node
from qdiag.model.variants import with_trainable
from tests.worlds.small_circuits import Z, circuit, combination, controlled, expval, gate, number, wrapped
from tests.worlds.strategies import circuits


@pytest.mark.parametrize(
    ("element", "called"),
    [
        (Element(Kind.OUTPUT), "output"),
        (Element(Kind.OUTPUT, 1, 2), "output[1]"),
        (Element(Kind.OUTPUT, index=(3,)), "output[3]"),
        (Element(Kind.OUTPUT, 0, 2, (1, 2)), "output[0][1, 2]"),
        (Element(Kind.OUTPUT, 1, 2, (0, 3)), "output[1][0, 3]"),
        (Element(Kind.JACOBIAN, 0, 2, (1,), "RY#2"), "d output[0][1] / d RY#2"),
        (Element(Kind.JACOBIAN, by="Rot#0:1", at=(4,)), "d output / d Rot#0:1[4]"),
        (Element(Kind.JACOBIAN, 0, 3, (2, 0), "RX#0", (1,)), "d output[0][2, 0] / d RX#0[1]"),
        (Element(Kind.PRODUCT, by="RX#0"), "d loss / d RX#0"),
        (Element(Kind.PRODUCT, by="RX#0", at=(2,), loss=3), "d loss 3 / d RX#0[2]"),
        (Element(Kind.SECOND, by="RX#0"), "d slope / d RX#0"),
        (Element(Kind.ARGUMENT, by="weights", at=(1,)), "argument weights"),
        (Element(Kind.TRACKED), "output on tracked arguments"),
        (Element(Kind.LAYER), "the layer's result"),
    ],
)
def test_each_kind_of_element_has_its_words(element: Element, called: str) -> None:
    assert str(element) == called


def test_outputs_are_no_derivatives_whatever_they_are_called() -> None:
    assert [kind for kind in Kind if Element(kind, by="output").of_output] == [Kind.OUTPUT, Kind.TRACKED]


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
