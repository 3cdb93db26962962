"""An operation at the numbers that were recorded is taken apart once, however many circuits hold it."""

from __future__ import annotations

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.matrices import node_steps
from qdiag.bridges.matrices.node_steps import recorded_operation

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(node_steps, "_known", {})


def node(make):
    tape = qml.tape.QuantumTape()
    with tape:
        make()
        qml.expval(qml.PauliZ(0))
    return circuit_of(tape).operations[0]


def gate():
    return node(lambda: qml.RX(0.3, wires=0))


def test_another_node_that_holds_the_same_has_the_same_steps(monkeypatch):
    first = recorded_operation(gate(), fresh=True)
    np.testing.assert_allclose(first[0][0].matrix[0, 0], np.cos(0.15))
    monkeypatch.setattr(node_steps, "operation", None)
    assert recorded_operation(gate(), fresh=True) is first


def test_another_number_has_its_own():
    one, other = recorded_operation(gate(), fresh=True), recorded_operation(node(lambda: qml.RX(0.4, wires=0)), fresh=True)
    assert not np.allclose(one[0][0].matrix, other[0][0].matrix)


def test_a_state_on_fresh_wires_is_another_thing_than_on_wires_that_were_touched():
    def prepared():
        return node(lambda: qml.BasisState(np.array([1]), wires=[0]))

    fresh, touched = (recorded_operation(prepared(), fresh=fresh) for fresh in (True, False))
    assert type(fresh[0][0]) is not type(touched[0][0])


def test_large_matrices_are_not_kept():
    recorded_operation(node(lambda: qml.QFT(wires=range(7))), fresh=True)
    assert not node_steps._known


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr(node_steps, "KNOWN", 2)
    for angle in (0.1, 0.2, 0.3, 0.4, 0.5):
        recorded_operation(node(lambda angle=angle: qml.RX(angle, wires=0)), fresh=True)
    assert len(node_steps._known) <= 2
