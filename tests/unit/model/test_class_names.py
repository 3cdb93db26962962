"""One thing under the names of several releases."""

from __future__ import annotations

import pytest

from qdiag.model.class_names import RENAMED, SWAPPED_IN, is_among, names_of, other_classes, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LinearCombination", "Hamiltonian"),
        ("MidMeasureMP", "MidMeasure"),
        ("Projector", "BasisStateProjector"),
        ("StateVectorProjector", "Projector"),
        ("QubitStateVector", "StatePrep"),
        ("Tensor", "Prod"),
        ("PowOpObs", "PowOperation"),
        ("ControlledOp", "Controlled"),
        ("RX", "RX"),
    ],
)
def test_two_names_of_one_thing(one: str, other: str) -> None:
    assert is_among(one, frozenset([other, "NoOther"]))
    assert is_among(other, frozenset([one]))


@pytest.mark.parametrize(
    ("one", "other"),
    [("BasisStateProjector", "StateVectorProjector"), ("Sum", "LinearCombination"), ("CRX", "Controlled"), ("RX", "RY")],
)
def test_names_of_two_things(one: str, other: str) -> None:
    assert not is_among(one, frozenset([other]))


def test_what_was_one_and_became_several_has_the_names_of_all() -> None:
    assert names_of("Projector") == {"Projector", "BasisStateProjector", "StateVectorProjector"}


def test_what_is_swapped_in_is_called_by_the_plain_name() -> None:
    assert {plain(name) for names in SWAPPED_IN for name in names} == {names[0] for names in SWAPPED_IN}
    assert plain("RX") == "RX"


def test_a_class_that_a_release_lacks_is_looked_for_by_its_other_names() -> None:
    assert other_classes("Hamiltonian") == ("LinearCombination",)
    assert other_classes("PowOpObs") == ("Pow",)
    assert other_classes("RX") == ()
    assert all(older in other_classes(newer) for newer, older in RENAMED)
