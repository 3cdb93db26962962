"""Linear algebra written out: matrices on all wires at once, density matrices, partial traces. What our simulator is held against.

Everything is as slow and as plain as it can be, and shares nothing with `qdiag.model.numerics`: a matrix on some wires is found by
its effect on each state of the basis, bit by bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bits_of(index: int, count: int) -> list[int]:
    """The bits of a state of the basis, first wire most significant."""
    return [index >> (count - 1 - position) & 1 for position in range(count)]


def index_of(bits: Sequence[int]) -> int:
    """The state of the basis with these bits."""
    return int("".join(map(str, bits)) or "0", 2)


def on_all(matrix: np.ndarray, positions: Sequence[int], count: int) -> np.ndarray:
    """A matrix on some of so many wires, as a matrix on all of them."""
    whole = np.zeros((1 << count, 1 << count), complex)
    for column in range(1 << count):
        bits = bits_of(column, count)
        inner = index_of([bits[p] for p in positions])
        for row in range(len(matrix)):
            moved = list(bits)
            for position, bit in zip(positions, bits_of(row, len(positions))):
                moved[position] = bit
            whole[index_of(moved), column] += matrix[row, inner]
    return whole


def reduced(rho: np.ndarray, kept: Sequence[int], count: int) -> np.ndarray:
    """The density matrix of some wires, in this order, the others traced out."""
    size = 1 << len(kept)
    result = np.zeros((size, size), complex)
    rest = [p for p in range(count) if p not in kept]
    for row in range(1 << count):
        for column in range(1 << count):
            left, right = bits_of(row, count), bits_of(column, count)
            if all(left[p] == right[p] for p in rest):
                result[index_of([left[p] for p in kept]), index_of([right[p] for p in kept])] += rho[row, column]
    return result


def entropy(rho: np.ndarray) -> float:
    """Von Neumann's, in units of the natural logarithm."""
    values = np.linalg.eigvalsh(rho)
    return float(-sum(v * np.log(v) for v in values if v > 1e-15))


def random_unitary(size: int, draws: np.random.Generator) -> np.ndarray:
    """A unitary matrix, dense and complex."""
    return np.asarray(np.linalg.qr(draws.standard_normal((size, size)) + 1j * draws.standard_normal((size, size)))[0])


def random_hermitian(size: int, draws: np.random.Generator) -> np.ndarray:
    """A Hermitian matrix, dense and complex."""
    matrix = draws.standard_normal((size, size)) + 1j * draws.standard_normal((size, size))
    return np.asarray(matrix + matrix.conj().T) / 2


def random_state(size: int, draws: np.random.Generator) -> np.ndarray:
    """A normalised vector."""
    vector = draws.standard_normal(size) + 1j * draws.standard_normal(size)
    return np.asarray(vector / np.linalg.norm(vector))


def random_density(size: int, draws: np.random.Generator) -> np.ndarray:
    """A density matrix of full rank."""
    matrix = draws.standard_normal((size, size)) + 1j * draws.standard_normal((size, size))
    rho = matrix @ matrix.conj().T
    return np.asarray(rho / np.trace(rho).real)


def random_kraus(size: int, count: int, draws: np.random.Generator) -> list[np.ndarray]:
    """Kraus operators of a channel: the first columns of a larger unitary, cut in pieces."""
    isometry = random_unitary(size * count, draws)[:, :size]
    return [np.asarray(isometry[k * size : (k + 1) * size]) for k in range(count)]
