"""The metric of a circuit's state by our own simulation, beside what is known of it."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.bridges.facts.metric import adjoint_metric_tensor, failure_of
from qdiag.judging.arbiter.metric import metric_tensor
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from tests.worlds.older_stacks import needs_scripts
from tests.worlds.small_circuits import expval, gate, number

qml = pytest.importorskip("pennylane")
pytestmark = pytest.mark.stack

Z = expval(gate("PauliZ"))


def test_of_rotations_of_one_qubit_it_is_that_of_its_sphere() -> None:
    # RY(t) RZ(p) on |0>: a quarter of the round metric
    turned = Circuit((gate("RY", 0.7, trainable=True), gate("RZ", 0.4, trainable=True)), (Z,))
    assert metric_tensor(turned) == pytest.approx(np.diag([0.25, 0.25 * np.sin(0.7) ** 2]), abs=1e-9)


def test_a_phase_gate_is_the_rotation_that_it_is_up_to_a_phase() -> None:
    first = gate("RY", 0.5)
    found = [
        metric_tensor(Circuit((first, gate(name, 0.3, trainable=True), gate("RX", 0.8, trainable=True)), (Z,)))
        for name in ("PhaseShift", "RZ")
    ]
    assert found[0] == pytest.approx(found[1], abs=1e-9)
    assert abs(found[0][0, 1]) > 0.01  # type: ignore[index]


def test_there_is_none_for_a_mixed_state() -> None:
    noisy = Circuit((gate("RY", 0.5, trainable=True), gate("PhaseDamping", 0.1)), (Z,))
    assert metric_tensor(noisy) is None


def test_there_is_none_without_numbers_to_differentiate_by() -> None:
    assert metric_tensor(Circuit((gate("RY", 0.5),), (Z,))) is None


@needs_scripts
def test_pennylanes_adjoint_route_gives_the_same() -> None:
    phased = Circuit((gate("RY", 0.5), gate("PhaseShift", 0.3, trainable=True), gate("RX", 0.8, trainable=True)), (Z,))
    assert adjoint_metric_tensor(phased, False) == pytest.approx(metric_tensor(phased), abs=1e-9)


def test_that_route_is_not_asked_about_whole_arrays() -> None:
    assert adjoint_metric_tensor(Circuit((gate("RY", [0.5, 0.6], trainable=True),), (Z,)), False) is None


@pytest.mark.skipif(not hasattr(qml, "s_prod"), reason="older releases have no multiples of observables")
def test_pennylane_raises_on_the_trainable_coefficients_of_what_is_measured() -> None:
    def weighed(trainable: bool) -> Circuit:
        weighted = Node("SProd", (number(0.4, trainable=trainable), gate("PauliZ")), (), (0,))
        return Circuit((gate("RY", 0.7, trainable=True),), (expval(weighted),))

    assert failure_of("metric_tensor", weighed(True), False)
    assert failure_of("metric_tensor", weighed(False), False) == ""
