"""Derivatives of the gates of our own table by their angles: from the generator of each, ``U' = G U``, and by no rule of shifts.

A gate of several angles is a product of gates that have one each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Callable

import numpy as np

from qdiag.model.numerics.gates import I2, Matrix, X, control, parity_signs, phase_shift, projector_signs, rotation, within, word

Factors = tuple[tuple[Matrix, Matrix], ...]
"""One gate for each angle, in order of application, and the generator of each; angles that are none have no entry."""


def angle_slopes(name: str, angles: Sequence[complex], matrix: Matrix) -> tuple[Matrix, ...]:
    """The derivatives of a gate of our table by each of its angles.

    Parameters
    ----------
    name, angles
        A gate of `gates.PARAMETRIC`.
    matrix
        The gate at these angles.
    """
    product = _PRODUCTS.get(name)
    if product is None:
        return (generator(name) @ matrix,)
    order, factors = product(*angles)
    return tuple(_moved_product(factors, order.index(k)) for k in range(len(angles)))


def _moved_product(factors: Factors, moved: int) -> Matrix:
    result: Matrix = np.eye(len(factors[0][0]), dtype=np.complex128)
    for position, (gate, generated) in enumerate(factors):
        result = gate @ result
        if position == moved:
            result = generated @ result
    return result


@lru_cache(maxsize=64)
def generator(name: str) -> Matrix:
    """``G`` of a gate of one angle with ``U' = G U``; not to be written to."""
    found = np.asarray(_GENERATORS[name](), dtype=np.complex128)
    found.setflags(write=False)
    return found


def pauli_generator(letters: str) -> Matrix:
    """That of ``exp(-i angle/2 P)``."""
    return np.asarray(-0.5j * word(letters))


def parity_generator(wires: int) -> Matrix:
    """That of ``exp(-i angle/2 Z…Z)``."""
    return np.diag(-0.5j * parity_signs(wires))


def projector_phase_generator(size: int, dimension: int) -> Matrix:
    """That of ``exp(i angle)`` on the first states of the basis and ``exp(-i angle)`` on the others."""
    return np.diag(1j * projector_signs(size, dimension))


def controlled_slope(slope: Matrix, values: Sequence[bool] = (True,)) -> Matrix:
    """The derivative of a gate under control wires, which come first: where these have other values nothing moves."""
    still = np.zeros_like(slope)
    return np.asarray(control(slope, values) - control(still, values))


def _controlled_generator(axis: str) -> Matrix:
    return controlled_slope(pauli_generator(axis))


def _on(size: int, positions: Sequence[int], block: object, others: complex = 0.0) -> Matrix:
    return within(size, positions, block, others)


def _excitation_generator(wires: int, sign: int) -> Matrix:
    half = wires // 2
    low, high = (1 << half) - 1, ((1 << half) - 1) << half
    return _on(1 << wires, (low, high), [[0, -0.5], [0.5, 0]], 0.5j * sign)


_GENERATORS: dict[str, Callable[[], object]] = {
    **{f"R{axis}": partial(pauli_generator, axis) for axis in "XYZ"},
    **{f"CR{axis}": partial(_controlled_generator, axis) for axis in "XYZ"},
    **{f"Ising{axis}{axis}": partial(pauli_generator, axis * 2) for axis in "XYZ"},
    "PhaseShift": lambda: _on(2, (1,), 1j), "U1": lambda: _on(2, (1,), 1j),
    "ControlledPhaseShift": lambda: _on(4, (3,), 1j),
    "CPhaseShift00": lambda: _on(4, (0,), 1j), "CPhaseShift01": lambda: _on(4, (1,), 1j), "CPhaseShift10": lambda: _on(4, (2,), 1j),
    "IsingXY": lambda: _on(4, (1, 2), 0.5j * X), "PSWAP": lambda: _on(4, (1, 2), 1j * I2),
    "SingleExcitation": lambda: _excitation_generator(2, 0), "DoubleExcitation": lambda: _excitation_generator(4, 0),
    "SingleExcitationPlus": lambda: _excitation_generator(2, 1), "DoubleExcitationPlus": lambda: _excitation_generator(4, 1),
    "SingleExcitationMinus": lambda: _excitation_generator(2, -1), "DoubleExcitationMinus": lambda: _excitation_generator(4, -1),
    "FermionicSWAP": lambda: _on(4, (1, 2), 0.5j * (I2 - X)) + _on(4, (3,), 1j),
}  # fmt: skip


def _phase_factor(angle: complex) -> tuple[Matrix, Matrix]:
    return phase_shift(angle), generator("PhaseShift")


def _turn(axis: str, angle: complex) -> tuple[Matrix, Matrix]:
    return rotation(axis, angle), generator(f"R{axis}")


def _rot(phi: complex, theta: complex, omega: complex) -> tuple[tuple[int, ...], Factors]:
    return (0, 1, 2), (_turn("Z", phi), _turn("Y", theta), _turn("Z", omega))


def _controlled_rot(*angles: complex) -> tuple[tuple[int, ...], Factors]:
    order, factors = _rot(*angles)
    return order, tuple((control(gate), controlled_slope(generated)) for gate, generated in factors)


def _u3(theta: complex, phi: complex, delta: complex) -> tuple[tuple[int, ...], Factors]:
    return (2, 0, 1), (_phase_factor(delta), _turn("Y", theta), _phase_factor(phi))


def _u2(phi: complex, delta: complex) -> tuple[tuple[int, ...], Factors]:
    # the turn in between has a fixed angle: no angle of the gate's stands at its place
    return (1, -1, 0), (_phase_factor(delta), _turn("Y", math.pi / 2), _phase_factor(phi))


_PRODUCTS: dict[str, Callable[..., tuple[tuple[int, ...], Factors]]] = {"Rot": _rot, "CRot": _controlled_rot, "U3": _u3, "U2": _u2}
"""Gates of several angles: which angle each factor turns by, and the factors."""
