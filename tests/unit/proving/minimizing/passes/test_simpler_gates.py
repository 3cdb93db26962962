"""Passes that put a simpler operator in the place of one: every replacement is simpler, and made of what the gate had."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.model.circuit import Circuit
from qdiag.proving.minimizing.order import smaller
from qdiag.proving.minimizing.passes.simpler_gates import SIMPLER, expand, peel, simplify_gates, simplify_observables
from tests.worlds.small_circuits import WORKSHOP, Z, circuit, expval, gate, gathered, names, probs, wrapped

NUMBERS = {name: 1 + max((place for _, kept, _ in row for place in kept), default=-1) for name, row in SIMPLER.items()}
WIRES = {name: 1 + max(place for _, _, wires in row for place in wires) for name, row in SIMPLER.items()}


def whole(name: str) -> Circuit:
    """The gate with as many numbers and wires as its replacements take."""
    wires = tuple(range(WIRES[name]))
    return circuit(gate(name, *[0.1] * NUMBERS[name], wires=wires), measured=(probs(*wires),))


@pytest.mark.parametrize("name", SIMPLER)
def test_every_replacement_is_simpler(name: str) -> None:
    # a controlled gate is listed with the wires that its replacements need, which may be fewer than it has
    start = whole(name)
    for found in simplify_gates(start, WORKSHOP).each():
        assert found is not None
        assert smaller(found, start)


@pytest.mark.parametrize("name", [name for name in SIMPLER if NUMBERS[name] > 0])
def test_a_gate_with_fewer_numbers_than_usual_is_left_alone(name: str) -> None:
    wires = tuple(range(WIRES[name]))
    assert all(
        found is None or names(found) != (name,) for found in simplify_gates(circuit(gate(name, wires=wires)), WORKSHOP).each()
    )


def test_a_gate_that_this_pennylane_does_not_have_is_not_proposed() -> None:
    without = replace(WORKSHOP, gate=lambda name, numbers, wires: None)
    assert simplify_gates(circuit(gate("CRX", 0.1, wires=(0, 1))), without).count == 0


def test_gates_inside_an_observable_are_no_gates() -> None:
    assert simplify_gates(circuit(measured=(expval(gate("SWAP", wires=(0, 1))),)), WORKSHOP).count == 0


def test_the_plainest_observable_cannot_be_plainer() -> None:
    assert simplify_observables(circuit(), WORKSHOP).count == 0


def test_operands_of_an_observable_are_not_replaced_one_by_one() -> None:
    total = gathered("Sum", gate("PauliX"), gate("PauliY", wires=(1,)))
    proposed = simplify_observables(circuit(measured=(expval(total),)), WORKSHOP).each()
    assert all(found is not None and found.measurements[0].data[0].name.startswith("Pauli") for found in proposed)  # type: ignore[union-attr]


def test_sums_and_products_are_not_peeled_and_neither_are_measurements() -> None:
    assert peel(circuit(gathered("Prod", gate("RX", 0.1), gate("RY", 0.2))), WORKSHOP).count == 0
    assert peel(circuit(measured=(expval(Z),)), WORKSHOP).count == 0


def test_each_operator_inside_may_take_the_place_of_what_wraps_it() -> None:
    both = wrapped("Conditional", gate("RX", 0.1), gate("RY", 0.2))
    assert [names(found) for found in peel(circuit(both), WORKSHOP).each() if found is not None] == [("RX",), ("RY",)]


def test_what_has_no_decomposition_is_not_expanded() -> None:
    changes = expand(circuit(gate("Mine", 0.1), gate("RX", 0.2)), WORKSHOP)
    assert changes.count == 1
    assert changes.each() == (None,)
