"""Elements of results: what each is called, and how parameters of a circuit are told apart."""

from __future__ import annotations

import pytest

from qdiag.model.element import Element, Kind, parameter_names, trainable_names
from tests.worlds.small_circuits import circuit, combination, expval, gate


@pytest.mark.parametrize(
    ("element", "called"),
    [
        (Element(Kind.OUTPUT), "output"),
        (Element(Kind.OUTPUT, 1, 2, (0, 3)), "output[1][0, 3]"),
        (Element(Kind.JACOBIAN, 0, 2, (1,), "RY#2"), "d output[0][1] / d RY#2"),
        (Element(Kind.JACOBIAN, by="Rot#0:1", at=(4,)), "d output / d Rot#0:1[4]"),
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


def test_parameters_are_counted_among_operations_of_their_name() -> None:
    gates = (gate("RX", 0.1, trainable=True), gate("Rot", 0.1, 0.2, 0.3), gate("RX", 0.4))
    assert parameter_names(circuit(*gates)) == ("RX#0", "Rot#0:0", "Rot#0:1", "Rot#0:2", "RX#1")
    assert trainable_names(circuit(*gates)) == ("RX#0",)


def test_a_measurement_is_named_with_what_it_measures() -> None:
    weighted = circuit(measured=(expval(combination((0.5, gate("PauliZ")), (1.5, gate("PauliX")))),))
    assert parameter_names(weighted)[0].startswith("ExpectationMP(LinearCombination")
