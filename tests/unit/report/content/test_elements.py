"""Elements as the user calls them."""

from __future__ import annotations

from dataclasses import replace

from qdiag.model.element import Element, Kind, parameter_names
from qdiag.report.content.elements import element_name, element_words, users_names
from tests.worlds.results import CASES

CALL = CASES["shifted"]().result.findings[0].divergence.call
NAMES = parameter_names(CALL.circuit)
NAMED = replace(CALL, named=("weights[0]", *[""] * (len(NAMES) - 1)))


def test_a_parameter_is_called_as_the_user_calls_it_with_its_operation_behind() -> None:
    element = Element(Kind.JACOBIAN, by=NAMES[0], at=(2,))
    assert element_words(element, NAMED) == f"d output / d weights[0][2] ({NAMES[0]})"
    assert element_name(element, NAMED) == "d output / d weights[0][2]"


def test_what_has_no_name_of_the_users_is_called_by_its_operation() -> None:
    element = Element(Kind.PRODUCT, by=NAMES[-1])
    assert element_words(element, NAMED) == element_words(element, CALL) == str(element)


def test_an_output_is_no_parameter() -> None:
    assert element_words(Element(Kind.OUTPUT, by=NAMES[0]), NAMED) == "output"


def test_names_of_another_circuit_are_not_used() -> None:
    assert users_names(replace(CALL, named=("weights",) * (len(NAMES) + 1))) == NAMES
