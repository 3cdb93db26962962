"""Our own simulator, on states that are known by heart."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qdiag.model.circuit import MeasuredOutcome
from qdiag.model.numerics import gates
from qdiag.model.numerics.measurements import defect, dense, read
from qdiag.model.numerics.states import Channel, Conditioned, Factor, Measured, NotSimulated, Preparation, Reading, evolved

H = Factor(gates.HADAMARD, ("a",))
CNOT = Factor(gates.FIXED["CNOT"], ("a", "b"))
BELL = (H, CNOT)
Z_A = ((1.0, (Factor(gates.Z, ("a",)),)),)
ZZ = ((1.0, (Factor(gates.Z, ("a",)), Factor(gates.Z, ("b",)))),)


def after(steps, reading, wires=("a", "b")):
    return read(evolved(steps, wires), reading)


def test_a_bell_pair():
    assert after(BELL, Reading("expval", Z_A)) == pytest.approx(0)
    assert after(BELL, Reading("expval", ZZ)) == pytest.approx(1)
    assert after(BELL, Reading("var", Z_A)) == pytest.approx(1)
    np.testing.assert_allclose(after(BELL, Reading("probs", wires=("b", "a"))), [0.5, 0, 0, 0.5], atol=1e-15)
    np.testing.assert_allclose(after(BELL, Reading("state")), np.array([1, 0, 0, 1]) / math.sqrt(2), atol=1e-15)
    assert after(BELL, Reading("purity", wires=("a",))) == pytest.approx(0.5)
    assert after(BELL, Reading("entropy", wires=("a",), log_base=2)) == pytest.approx(1)
    assert after(BELL, Reading("mutual-info", wires=("a",), others=("b",), log_base=2)) == pytest.approx(2)


def test_wires_are_read_in_the_order_asked_for():
    steps = (Factor(gates.X, ("b",)),)
    np.testing.assert_allclose(after(steps, Reading("probs", wires=("a", "b"))), [0, 1, 0, 0])
    np.testing.assert_allclose(after(steps, Reading("probs", wires=("b", "a"))), [0, 0, 1, 0])


def test_noise_makes_a_density_matrix():
    flip = Channel((0.75, 0.25), (gates.I2, gates.X), ("a",))
    assert after((flip,), Reading("expval", Z_A)) == pytest.approx(0.5)
    np.testing.assert_allclose(after((flip,), Reading("state"), ("a",)), np.diag([0.75, 0.25]), atol=1e-15)


def test_a_measurement_branches_and_conditions():
    steps = (H, Measured("a"), Conditioned(MeasuredOutcome((0,), (False, True)), (Factor(gates.X, ("b",)),)))
    assert after(steps, Reading("expval", ZZ)) == pytest.approx(1)
    assert after(steps, Reading("expval", outcomes=(MeasuredOutcome((0,), (0, 1)),))) == pytest.approx(0.5)
    np.testing.assert_allclose(after(steps, Reading("probs", outcomes=(MeasuredOutcome((0,), (0, 1)),))), [0.5, 0.5])


def test_postselection_divides_by_the_weight_that_is_left():
    steps = (Factor(gates.rotation("Y", 0.3), ("a",)), CNOT, Measured("a", postselect=1))
    assert after(steps, Reading("expval", ((1.0, (Factor(gates.Z, ("b",)),)),))) == pytest.approx(-1)


def test_an_impossible_postselection_is_not_simulated():
    with pytest.raises(NotSimulated, match="no probability"):
        after((Measured("a", postselect=1),), Reading("expval", Z_A))


def test_a_reset_brings_the_ground_state_back():
    assert after((Factor(gates.X, ("a",)), Measured("a", reset=True)), Reading("expval", Z_A)) == pytest.approx(1)


def test_a_preparation_sets_its_wires_and_leaves_the_others():
    steps = (Factor(gates.X, ("a",)), Preparation(np.array([0.6, 0.8]), ("b",)))
    np.testing.assert_allclose(after(steps, Reading("probs")), [0, 0, 0.36, 0.64])


def test_a_dense_matrix_puts_the_first_wire_first():
    np.testing.assert_allclose(dense(((2.0, (Factor(gates.X, ("b",)),)),), ("a", "b")), 2 * gates.word("IX"))


def test_a_defect_is_the_distance_from_physics():
    assert defect(H) < 1e-15
    assert defect(Factor(2 * gates.X, ("a",))) == pytest.approx(3)
    assert defect(Preparation(np.array([1.0, 1.0]), ("a",))) == pytest.approx(math.sqrt(2) - 1)
    assert defect(Reading("expval", ((1j, (Factor(gates.Z, ("a",)),)),))) == pytest.approx(2)
    assert defect(Channel((0.5,), (gates.X,), ("a",))) == pytest.approx(0.5)


def test_an_operation_on_a_foreign_wire_is_not_simulated():
    with pytest.raises(NotSimulated, match="'c'"):
        after((Factor(gates.X, ("c",)),), Reading("probs"))
