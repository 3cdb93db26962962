"""The reference never raises over a circuit, and never hides a mistake of our own."""

from __future__ import annotations

import pytest

from qdiag.judging.arbiter import reference as module
from qdiag.judging.arbiter.reference import reference
from qdiag.model.numerics.states import NotSimulated
from tests.unit.evaluation.test_answers import PENNYLANE, foreign
from tests.worlds.scripted import circuit


def fails(error: Exception):
    def work(*_):
        raise error

    return work


def test_what_cannot_be_simulated_is_a_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "too_large", fails(NotSimulated("30 wires are more than are simulated")))
    found = reference(circuit(0.3))
    assert (found.outputs, found.reason) == (None, "30 wires are more than are simulated")


def test_so_is_what_a_foreign_operation_does_to_our_simulation(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "too_large", foreign(PENNYLANE))
    found = reference(circuit(0.3))
    assert found.reason == "our own simulation fails on this circuit (ValueError: not supported)"


def test_a_mistake_of_our_own_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "Simulation", None)
    with pytest.raises(TypeError):
        reference(circuit(0.3))
