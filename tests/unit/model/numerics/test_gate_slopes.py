"""Derivatives of gates from their generators, each against differences of the gate itself, which know nothing of generators."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.numerics import gate_slopes, gates
from qdiag.model.numerics.derivative import derivative

SEEDS = st.integers(0, 10**6)


def differences(gate: object, angles: np.ndarray, which: int) -> np.ndarray:
    """The derivative of a gate by one of its angles."""
    assert callable(gate)
    axis = np.eye(len(angles))[which]
    size = len(gate(*map(complex, angles)))

    def numbers_at(moved: np.ndarray) -> np.ndarray:
        return np.asarray(gate(*map(complex, moved)), dtype=np.complex128).reshape(-1).view(np.float64)

    found = derivative(numbers_at, angles, axis)
    return np.asarray(found.value.view(np.complex128).reshape(size, size))


@pytest.mark.parametrize("name", sorted(gates.PARAMETRIC))
@settings(max_examples=5)
@given(seed=SEEDS)
def test_every_gate_of_the_table_has_the_derivatives_that_differences_give(name: str, seed: int) -> None:
    gate = gates.PARAMETRIC[name]
    count = 3 if name in ("Rot", "CRot") else len(signature(gate).parameters)
    angles = np.random.default_rng(seed).uniform(-4, 4, count)
    found = gate_slopes.angle_slopes(name, list(map(complex, angles)), gate(*map(complex, angles)))
    assert len(found) == count
    for which, slope in enumerate(found):
        np.testing.assert_allclose(slope, differences(gate, angles, which), atol=1e-9)


@pytest.mark.parametrize(
    ("generator", "gate"),
    [
        (gate_slopes.pauli_generator("XIY"), lambda t: gates.rotation("XIY", t)),
        (gate_slopes.parity_generator(3), lambda t: gates.parity_rotation(3, t)),
        (gate_slopes.projector_phase_generator(8, 3), lambda t: gates.projector_phase(8, 3, t)),
    ],
)
def test_so_have_the_gates_that_depend_on_more_than_angles(generator: np.ndarray, gate: object) -> None:
    assert callable(gate)
    np.testing.assert_allclose(generator @ gate(0.7), differences(gate, np.array([0.7]), 0), atol=1e-9)


@given(SEEDS)
def test_where_the_control_wires_have_other_values_nothing_moves(seed: int) -> None:
    slope = np.random.default_rng(seed).standard_normal((2, 2)) + 0j
    found = gate_slopes.controlled_slope(slope, (True, False))
    np.testing.assert_array_equal(found[4:6, 4:6], slope)
    found[4:6, 4:6] = 0
    assert not found.any()
