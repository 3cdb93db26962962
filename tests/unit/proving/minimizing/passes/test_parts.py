"""Passes that leave parts out: what must stay, and what goes together."""

from __future__ import annotations

import numpy as np

from qdiag.model.node import Node
from qdiag.proving.minimizing.changes import NO_EDITS, Changes
from qdiag.proving.minimizing.passes.parts import delete_operations, drop_measurements, drop_terms, return_plainly
from tests.worlds.small_circuits import Z, circuit, combination, expval, gate, gathered, number, numbered, probs, sketch

X, Y = gate("PauliX"), gate("PauliY")


def terms(observable: Node) -> Changes:
    return drop_terms(circuit(measured=(expval(observable),)), NO_EDITS)


def test_one_measurement_stays() -> None:
    changes = drop_measurements(circuit(measured=(expval(Z), probs(0)), returns="tuple"), NO_EDITS)
    assert changes.circuit_with(frozenset({0, 1})) is None
    assert drop_measurements(circuit(), NO_EDITS).count == 0


def test_a_lone_measurement_is_returned_as_such_only_where_it_was_not() -> None:
    assert return_plainly(circuit(), NO_EDITS).count == 0
    assert return_plainly(circuit(measured=(expval(Z), expval(X)), returns="tuple"), NO_EDITS).count == 0
    for returns in ("tuple", "list", "dict:a"):
        (plainly,) = return_plainly(circuit(returns=returns), NO_EDITS).each()
        assert plainly is not None
        assert plainly.returns == "single"


def test_every_operation_may_go() -> None:
    assert delete_operations(numbered(3), NO_EDITS).circuit_with(frozenset({0, 1, 2})) is not None


def test_a_coefficient_goes_with_its_operator_whether_they_are_listed_or_an_array() -> None:
    array = Node("Hamiltonian", (number([0.5, 0.25, 0.125]), [Z, X, Y]), None, (0,))
    for observable in (array, combination((0.5, Z), (0.25, X), (0.125, Y))):
        left = terms(observable).circuit_with(frozenset({0, 2}))
        assert left is not None
        assert "([0.25],[PauliX[0]])" in sketch(left)


def test_all_terms_cannot_go() -> None:
    assert terms(combination((0.5, Z), (0.25, X))).circuit_with(frozenset({0, 1})) is None
    assert terms(gathered("Prod", Z, X)).circuit_with(frozenset({0, 1})) is None


def test_a_lone_term_is_left_alone() -> None:
    assert terms(combination((0.5, Z))).count == 0
    assert terms(Z).count == 0


def test_coefficients_that_do_not_match_their_operators_are_no_sum() -> None:
    assert terms(Node("Odd", (number(np.ones(3)), [Z, X]), None, (0,))).count == 2  # the operators alone, as a list
