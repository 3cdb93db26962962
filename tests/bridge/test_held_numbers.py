"""The numbers that operations hold, where their constructors make others of those that they are given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.bridges.running.held_numbers import as_held
from qdiag.model.variants import with_parameters
from tests.worlds.older_stacks import needs_newest, needs_scripts

pytestmark = pytest.mark.stack


@needs_newest("older PennyLanes forget that amplitudes are to be normalised")
def test_amplitudes_that_are_normalised_are_those_of_a_state() -> None:
    operator = qml.AmplitudeEmbedding(np.array([0.6, 0.8]), wires=[0], normalize=True)
    circuit = circuit_of(qml.tape.QuantumScript([operator, qml.RX(0.3, 0)], [qml.expval(qml.PauliZ(0))]))
    first, angle = circuit.parameters
    changed = with_parameters(circuit, [replace(first, value=first.value * 5), angle])
    held = as_held(changed)
    assert held.parameters[0].value.tolist() == pytest.approx([0.6, 0.8])
    assert held.parameters[1].value == 0.3
    assert as_held(held) is held


@needs_scripts
def test_a_circuit_that_pennylane_holds_as_it_is_stays_the_same() -> None:
    circuit = circuit_of(qml.tape.QuantumScript([qml.Rot(0.1, 0.2, 0.3, 0)], [qml.expval(qml.PauliZ(0))]))
    assert as_held(circuit) is circuit
