"""Our own table of standard gates: plain numpy in complex128, written from their definitions, sharing nothing with PennyLane."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Callable

import numpy as np

Matrix = np.ndarray

I2: Matrix = np.eye(2, dtype=np.complex128)
X: Matrix = np.array([[0, 1], [1, 0]], dtype=np.complex128)
Y: Matrix = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
Z: Matrix = np.array([[1, 0], [0, -1]], dtype=np.complex128)
PAULI = {"I": I2, "X": X, "Y": Y, "Z": Z}
HADAMARD: Matrix = np.array([[1, 1], [1, -1]], dtype=np.complex128) / math.sqrt(2)


def kron(matrices: Sequence[Matrix]) -> Matrix:
    """The tensor product, first factor most significant."""
    product: Matrix = np.eye(1, dtype=np.complex128)
    for matrix in matrices:
        product = np.kron(product, matrix)
    return product


@lru_cache(maxsize=256)
def word(letters: str) -> Matrix:
    """The tensor product of Pauli matrices; not to be written to."""
    product = kron([PAULI[letter] for letter in letters])
    product.setflags(write=False)
    return product


def control(matrix: Matrix, values: Sequence[bool] = (True,)) -> Matrix:
    """A matrix on the target that acts where the controls, which come first, have these values."""
    size = matrix.shape[0]
    position = int("".join("1" if value else "0" for value in values) or "0", 2)
    result = np.eye(size << len(values), dtype=np.complex128)
    block = slice(position * size, (position + 1) * size)
    result[block, block] = matrix
    return result


def rotation(letters: str, angle: complex) -> Matrix:
    """``exp(-i angle/2 P)`` for a Pauli word."""
    pauli = word(letters)
    return np.asarray(cmath.cos(angle / 2) * word("I" * len(letters)) - 1j * cmath.sin(angle / 2) * pauli)


def phase(angle: complex) -> complex:
    """``exp(i angle)``."""
    return cmath.exp(1j * angle)


def phase_shift(angle: complex) -> Matrix:
    """A phase on the state |1>."""
    return np.diag([1, phase(angle)])


def rot(phi: complex, theta: complex, omega: complex) -> Matrix:
    """``RZ(omega) RY(theta) RZ(phi)``."""
    return np.asarray(rotation("Z", omega) @ rotation("Y", theta) @ rotation("Z", phi))


def u3(theta: complex, phi: complex, delta: complex) -> Matrix:
    """The general rotation in the convention of its name."""
    c, s = cmath.cos(theta / 2), cmath.sin(theta / 2)
    return np.array([[c, -s * phase(delta)], [s * phase(phi), c * phase(phi + delta)]], dtype=np.complex128)


def within(size: int, positions: Sequence[int], block: Any, others: Any = 1.0) -> Matrix:
    """A diagonal matrix with a block at some positions of the basis."""
    result = np.asarray(np.eye(size, dtype=np.complex128) * others)
    result[np.ix_(positions, positions)] = block
    return result


def givens(angle: complex) -> Matrix:
    """The rotation by half the angle, as excitations use it."""
    c, s = cmath.cos(angle / 2), cmath.sin(angle / 2)
    return np.array([[c, -s], [s, c]], dtype=np.complex128)


def excitation(wires: int, angle: complex, sign: int) -> Matrix:
    """Single (2 wires) or double (4 wires) excitation; sign ±1 puts the phase ``exp(±i angle/2)`` on all other states."""
    half = wires // 2
    low, high = (1 << half) - 1, ((1 << half) - 1) << half
    others = 1.0 if sign == 0 else phase(sign * angle / 2)
    return within(1 << wires, (low, high), givens(angle), others)


def fermionic_swap(angle: complex) -> Matrix:
    """The partial fermionic exchange of two wires."""
    c, s, p = cmath.cos(angle / 2), cmath.sin(angle / 2), phase(angle / 2)
    block = p * np.array([[c, -1j * s], [-1j * s, c]])
    result = within(4, (1, 2), block)
    result[3, 3] = phase(angle)
    return result


def ising_xy(angle: complex) -> Matrix:
    """``exp(i angle/4 (XX + YY))``."""
    c, s = cmath.cos(angle / 2), cmath.sin(angle / 2)
    return within(4, (1, 2), np.array([[c, 1j * s], [1j * s, c]]))


def pswap(angle: complex) -> Matrix:
    """SWAP with a phase on the exchanged states."""
    return within(4, (1, 2), np.array([[0, phase(angle)], [phase(angle), 0]]))


def parity_signs(wires: int) -> np.ndarray:
    """The diagonal of ``Z…Z``."""
    return np.array([(-1) ** bin(k).count("1") for k in range(1 << wires)])


def parity_rotation(wires: int, angle: complex) -> Matrix:
    """``exp(-i angle/2 Z…Z)``."""
    return np.diag(np.exp(-0.5j * angle * parity_signs(wires)))


def projector_signs(size: int, dimension: int) -> np.ndarray:
    """Plus one for the first states of the basis, minus one for the others."""
    return np.where(np.arange(size) < dimension, 1.0, -1.0)


def projector_phase(size: int, dimension: int, angle: complex) -> Matrix:
    """``exp(i angle)`` on the first states of the basis and ``exp(-i angle)`` on the others."""
    return np.diag(np.exp(1j * angle * projector_signs(size, dimension)))


def fourier(wires: int) -> Matrix:
    """The quantum Fourier transform."""
    size = 1 << wires
    k = np.arange(size)
    return np.asarray(np.exp(2j * math.pi * (np.outer(k, k) % size) / size) / math.sqrt(size))


def block_encoding(block: Matrix, size: int) -> Matrix:
    """A unitary of this size whose upper left corner is the block: ``[[A, √(1-AA†)], [√(1-A†A), -A†]]``, identity elsewhere."""
    a = np.atleast_2d(np.asarray(block, dtype=np.complex128))
    rows, columns = a.shape
    u, singular, vh = np.linalg.svd(a)
    rest = [np.ones(n) for n in (rows, columns)]
    for r in rest:
        # (1-s)(1+s) rather than 1-s²: no cancellation at s near 1
        r[: len(singular)] = np.sqrt(np.maximum((1 - singular) * (1 + singular), 0))
    result = np.eye(size, dtype=np.complex128)
    both = rows + columns
    result[:rows, :columns] = a
    result[:rows, columns:both] = (u * rest[0]) @ u.conj().T
    result[rows:both, :columns] = (vh.conj().T * rest[1]) @ vh
    result[rows:both, columns:both] = -a.conj().T
    return result


_SWAP = within(4, (1, 2), X)
_SQRT_X: Matrix = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
_ISWAP = within(4, (1, 2), 1j * X)
_SQRT_ISWAP = within(4, (1, 2), np.array([[1, 1j], [1j, 1]]) / math.sqrt(2))
_ECR: Matrix = np.array([[0, 0, 1, 1j], [0, 0, 1j, 1], [1, -1j, 0, 0], [-1j, 1, 0, 0]]) / math.sqrt(2)

FIXED: dict[str, Matrix] = {
    "PauliX": X, "PauliY": Y, "PauliZ": Z, "Hadamard": HADAMARD, "S": np.diag([1, 1j]), "T": phase_shift(math.pi / 4),
    "SX": _SQRT_X, "CNOT": control(X), "CY": control(Y), "CZ": control(Z), "CH": control(HADAMARD),
    "SWAP": _SWAP, "ISWAP": _ISWAP, "SISWAP": _SQRT_ISWAP, "SQISW": _SQRT_ISWAP, "ECR": _ECR, "CSWAP": control(_SWAP),
    "CCZ": control(Z, (True, True)), "Toffoli": control(X, (True, True)),
}  # fmt: skip
"""Gates without parameters."""

PARAMETRIC: dict[str, Callable[..., Matrix]] = {
    "RX": lambda t: rotation("X", t), "RY": lambda t: rotation("Y", t), "RZ": lambda t: rotation("Z", t),
    "PhaseShift": phase_shift, "U1": phase_shift, "U2": lambda phi, delta: u3(math.pi / 2, phi, delta), "U3": u3, "Rot": rot,
    "CRX": lambda t: control(rotation("X", t)), "CRY": lambda t: control(rotation("Y", t)),
    "CRZ": lambda t: control(rotation("Z", t)), "CRot": lambda *angles: control(rot(*angles)),
    "ControlledPhaseShift": lambda t: control(phase_shift(t)),
    "CPhaseShift00": lambda t: within(4, (0,), phase(t)), "CPhaseShift01": lambda t: within(4, (1,), phase(t)),
    "CPhaseShift10": lambda t: within(4, (2,), phase(t)),
    "IsingXX": lambda t: rotation("XX", t), "IsingYY": lambda t: rotation("YY", t), "IsingZZ": lambda t: rotation("ZZ", t),
    "IsingXY": ising_xy, "PSWAP": pswap,
    "SingleExcitation": lambda t: excitation(2, t, 0), "SingleExcitationPlus": lambda t: excitation(2, t, 1),
    "SingleExcitationMinus": lambda t: excitation(2, t, -1), "DoubleExcitation": lambda t: excitation(4, t, 0),
    "DoubleExcitationPlus": lambda t: excitation(4, t, 1), "DoubleExcitationMinus": lambda t: excitation(4, t, -1),
    "FermionicSWAP": fermionic_swap,
}  # fmt: skip
"""Gates of one or more angles on a fixed number of wires. OrbitalRotation is missing, since its signs have changed between versions."""
