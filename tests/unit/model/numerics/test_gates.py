"""Our own gates against independent mathematics: matrix exponentials of their generators, and what is known of them by heart."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qdiag.model.numerics import gates

ANGLES = st.floats(-7, 7, allow_nan=False)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1.0 + 0j, -1.0])
LETTERS = {"I": np.eye(2, dtype=complex), "X": X, "Y": Y, "Z": Z}
ZERO, ONE = np.diag([1.0 + 0j, 0]), np.diag([0j, 1.0])


def tensor(*matrices: np.ndarray) -> np.ndarray:
    return np.asarray(reduce(np.kron, matrices))


def unit(size: int, row: int, column: int) -> np.ndarray:
    matrix = np.zeros((size, size), complex)
    matrix[row, column] = 1
    return matrix


def on_the_side(bits: str) -> np.ndarray:
    """The projector on one state of the basis."""
    position = int(bits, 2)
    return unit(1 << len(bits), position, position)


def turning(low: str, high: str) -> np.ndarray:
    """The generator of a real rotation from one state of the basis to another: ``i(|high><low| - |low><high|)``."""
    size = 1 << len(low)
    a, b = int(low, 2), int(high, 2)
    return np.asarray(1j * (unit(size, b, a) - unit(size, a, b)))


def outside(low: str, high: str) -> np.ndarray:
    """The projector on all states but two."""
    return np.asarray(np.eye(1 << len(low), dtype=complex) - on_the_side(low) - on_the_side(high))


SWAP = sum(unit(4, int(f"{a}{b}", 2), int(f"{b}{a}", 2)) for a in (0, 1) for b in (0, 1))

GENERATORS: dict[str, np.ndarray] = {
    # U(t) = exp(i t G)
    "RX": -X / 2,
    "RY": -Y / 2,
    "RZ": -Z / 2,
    "PhaseShift": ONE,
    "U1": ONE,
    "CRX": tensor(ONE, -X / 2),
    "CRY": tensor(ONE, -Y / 2),
    "CRZ": tensor(ONE, -Z / 2),
    "ControlledPhaseShift": on_the_side("11"),
    "CPhaseShift00": on_the_side("00"),
    "CPhaseShift01": on_the_side("01"),
    "CPhaseShift10": on_the_side("10"),
    "IsingXX": -tensor(X, X) / 2,
    "IsingYY": -tensor(Y, Y) / 2,
    "IsingZZ": -tensor(Z, Z) / 2,
    "IsingXY": (tensor(X, X) + tensor(Y, Y)) / 4,
    "SingleExcitation": -turning("01", "10") / 2,
    "SingleExcitationPlus": -turning("01", "10") / 2 + outside("01", "10") / 2,
    "SingleExcitationMinus": -turning("01", "10") / 2 - outside("01", "10") / 2,
    "DoubleExcitation": -turning("0011", "1100") / 2,
    "DoubleExcitationPlus": -turning("0011", "1100") / 2 + outside("0011", "1100") / 2,
    "DoubleExcitationMinus": -turning("0011", "1100") / 2 - outside("0011", "1100") / 2,
    # 1/2 (1 - fermionic SWAP), whose eigenvalues are 0 and 1
    "FermionicSWAP": (np.eye(4) - (SWAP - 2 * on_the_side("11"))) / 2,
}


@pytest.mark.parametrize("name", sorted(GENERATORS))
@settings(max_examples=15)
@given(angle=ANGLES)
def test_a_gate_of_one_angle_is_the_exponential_of_its_generator(name: str, angle: float) -> None:
    np.testing.assert_allclose(gates.PARAMETRIC[name](angle), expm(1j * angle * GENERATORS[name]), atol=1e-12)


def test_every_gate_of_angles_is_held_against_something() -> None:
    several = {"Rot", "U2", "U3", "CRot", "PSWAP"}
    assert set(gates.PARAMETRIC) == set(GENERATORS) | several


@given(ANGLES, ANGLES, ANGLES)
def test_rot_turns_about_z_then_y_then_z(phi: float, theta: float, omega: float) -> None:
    expected = expm(-0.5j * omega * Z) @ expm(-0.5j * theta * Y) @ expm(-0.5j * phi * Z)
    np.testing.assert_allclose(gates.PARAMETRIC["Rot"](phi, theta, omega), expected, atol=1e-12)
    np.testing.assert_allclose(gates.PARAMETRIC["CRot"](phi, theta, omega), tensor(ZERO, np.eye(2)) + tensor(ONE, expected), atol=1e-12)


@given(ANGLES, ANGLES, ANGLES)
def test_u3_is_rot_but_for_a_phase_that_makes_its_first_entry_real(theta: float, phi: float, delta: float) -> None:
    rotated = gates.rot(delta, theta, phi)
    phase = np.exp(0.5j * (phi + delta))
    np.testing.assert_allclose(gates.PARAMETRIC["U3"](theta, phi, delta), phase * rotated, atol=1e-12)
    assert gates.u3(theta, phi, delta)[0, 0].imag == 0


@given(ANGLES, ANGLES)
def test_u2_is_u3_at_a_quarter_turn(phi: float, delta: float) -> None:
    expected = np.array([[1, -np.exp(1j * delta)], [np.exp(1j * phi), np.exp(1j * (phi + delta))]]) / math.sqrt(2)
    np.testing.assert_allclose(gates.PARAMETRIC["U2"](phi, delta), expected, atol=1e-12)


@given(ANGLES)
def test_pswap_is_a_swap_that_puts_a_phase_on_what_it_exchanges(angle: float) -> None:
    expected = SWAP @ np.diag([1, np.exp(1j * angle), np.exp(1j * angle), 1])
    np.testing.assert_allclose(gates.PARAMETRIC["PSWAP"](angle), expected, atol=1e-15)


ROOTS = {"S": ("PauliZ", 2), "T": ("PauliZ", 4), "SX": ("PauliX", 2), "SISWAP": ("ISWAP", 2), "SQISW": ("ISWAP", 2), "ISWAP": (None, 4)}


@pytest.mark.parametrize("name", sorted(gates.FIXED))
def test_a_gate_without_parameters_is_unitary(name: str) -> None:
    matrix = gates.FIXED[name]
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(len(matrix)), atol=1e-15)


@pytest.mark.parametrize(("root", "power"), sorted(ROOTS.items()))
def test_a_root_to_its_power_is_the_gate(root: str, power: tuple[str | None, int]) -> None:
    whole, exponent = power
    matrix = gates.FIXED[root]
    expected = gates.FIXED[whole] if whole else np.eye(len(matrix))
    np.testing.assert_allclose(np.linalg.matrix_power(matrix, exponent), expected, atol=1e-15)


@pytest.mark.parametrize(
    "name", ["PauliX", "PauliY", "PauliZ", "Hadamard", "CNOT", "CY", "CZ", "CH", "SWAP", "ECR", "CSWAP", "CCZ", "Toffoli"]
)
def test_a_reflection_is_its_own_inverse(name: str) -> None:
    matrix = gates.FIXED[name]
    np.testing.assert_allclose(matrix @ matrix, np.eye(len(matrix)), atol=1e-15)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("CNOT", {"00": "00", "01": "01", "10": "11", "11": "10"}),
        ("SWAP", {"00": "00", "01": "10", "10": "01", "11": "11"}),
        ("Toffoli", {"000": "000", "101": "101", "110": "111", "111": "110", "011": "011"}),
        ("CSWAP", {"001": "001", "010": "010", "101": "110", "110": "101", "111": "111"}),
    ],
)
def test_a_permutation_sends_states_of_the_basis_where_its_name_says(name: str, table: dict[str, str]) -> None:
    matrix = gates.FIXED[name]
    for start, end in table.items():
        column = matrix[:, int(start, 2)]
        assert column[int(end, 2)] == 1
        assert np.count_nonzero(column) == 1


def test_ecr_is_built_of_an_x_and_a_zx_rotation() -> None:
    # ECR = (IX - XY)/√2 up to the order of its wires
    expected = (tensor(X, LETTERS["I"]) - tensor(Y, X)) / math.sqrt(2)
    np.testing.assert_allclose(gates.FIXED["ECR"], expected, atol=1e-15)


def test_the_hadamard_exchanges_x_and_z() -> None:
    hadamard = gates.FIXED["Hadamard"]
    np.testing.assert_allclose(hadamard @ Z @ hadamard, X, atol=1e-15)
    np.testing.assert_allclose(hadamard @ Y @ hadamard, -Y, atol=1e-15)


# --- the parts they are made of ---------------------------------------------------------------------------------------


@given(st.text("IXYZ", min_size=1, max_size=3))
def test_a_pauli_word_is_the_product_of_its_letters_first_letter_outermost(letters: str) -> None:
    np.testing.assert_array_equal(gates.word(letters), tensor(*(LETTERS[letter] for letter in letters)))


def test_a_pauli_word_is_shared_and_therefore_locked() -> None:
    assert gates.word("XZ") is gates.word("XZ")
    with pytest.raises(ValueError, match="read-only"):
        gates.word("XZ")[0, 0] = 1


def test_the_product_of_nothing_is_the_number_one() -> None:
    np.testing.assert_array_equal(gates.kron([]), [[1]])


@given(st.text("XYZI", min_size=1, max_size=3), ANGLES)
def test_a_rotation_about_a_pauli_word_is_its_exponential(letters: str, angle: float) -> None:
    np.testing.assert_allclose(gates.rotation(letters, angle), expm(-0.5j * angle * gates.word(letters)), atol=1e-12)


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_rotation_by_a_complex_angle_is_the_exponential_all_the_same(real: float, imaginary: float) -> None:
    angle = complex(real, imaginary)
    np.testing.assert_allclose(gates.rotation("Y", angle), expm(-0.5j * angle * Y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("values", [(True,), (False,), (True, False), (False, False), (False, True, True)])
def test_a_controlled_matrix_acts_where_the_controls_have_their_values_and_nowhere_else(values: tuple[bool, ...]) -> None:
    target = gates.rotation("Y", 0.7)
    chosen = tensor(*(ONE if value else ZERO for value in values))
    others = np.eye(1 << len(values)) - chosen
    np.testing.assert_allclose(gates.control(target, values), tensor(chosen, target) + tensor(others, np.eye(2)), atol=1e-15)


def test_without_controls_a_matrix_is_itself() -> None:
    np.testing.assert_array_equal(gates.control(gates.X, ()), X)


def test_a_block_is_put_at_its_positions_and_the_rest_of_the_diagonal_is_what_it_is_told() -> None:
    matrix = gates.within(4, (0, 3), [[1, 2], [3, 4]], 5.0)
    np.testing.assert_array_equal(matrix, [[1, 0, 0, 2], [0, 5, 0, 0], [0, 0, 5, 0], [3, 0, 0, 4]])


@pytest.mark.parametrize("wires", [1, 2, 3])
@settings(max_examples=15)
@given(angle=ANGLES)
def test_a_parity_rotation_is_the_exponential_of_a_word_of_z(wires: int, angle: float) -> None:
    np.testing.assert_allclose(gates.parity_rotation(wires, angle), expm(-0.5j * angle * gates.word("Z" * wires)), atol=1e-12)


@pytest.mark.parametrize(("size", "dimension"), [(2, 1), (4, 1), (4, 3), (8, 8), (4, 0)])
def test_a_projectors_phase_is_the_exponential_of_twice_the_projector_less_one(size: int, dimension: int) -> None:
    projector = np.diag([1.0] * dimension + [0.0] * (size - dimension))
    np.testing.assert_allclose(gates.projector_phase(size, dimension, 0.7), expm(0.7j * (2 * projector - np.eye(size))), atol=1e-13)


@pytest.mark.parametrize("wires", [1, 2, 3, 4])
def test_the_fourier_transform_is_numpys_inverse_one_made_unitary(wires: int) -> None:
    size = 1 << wires
    np.testing.assert_allclose(gates.fourier(wires), np.fft.ifft(np.eye(size), norm="ortho"), atol=1e-14)


@given(st.integers(1, 3), st.integers(1, 3), st.floats(0, 1), st.integers(0, 1000))
def test_a_block_encoding_is_a_unitary_with_the_block_in_its_corner(rows: int, columns: int, norm: float, seed: int) -> None:
    draws = np.random.default_rng(seed)
    block = draws.standard_normal((rows, columns)) + 1j * draws.standard_normal((rows, columns))
    block *= norm / np.linalg.norm(block, 2)
    matrix = gates.block_encoding(block, 8)
    np.testing.assert_allclose(matrix[:rows, :columns], block, atol=1e-15)
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(8), atol=1e-12)
    np.testing.assert_array_equal(matrix[rows + columns :, rows + columns :], np.eye(8 - rows - columns))


def test_a_number_is_encoded_as_a_reflection() -> None:
    np.testing.assert_allclose(gates.block_encoding(np.asarray(0.6), 2), [[0.6, 0.8], [0.8, -0.6]], atol=1e-15)


def test_a_block_that_is_unitary_already_leaves_nothing_beside_it() -> None:
    matrix = gates.block_encoding(gates.HADAMARD, 4)
    np.testing.assert_allclose(matrix[:2, 2:], 0, atol=1e-7)
    np.testing.assert_allclose(matrix[2:, 2:], -gates.HADAMARD, atol=1e-15)


@given(ANGLES)
def test_excitations_of_both_signs_differ_in_a_phase_outside_their_two_states(angle: float) -> None:
    plus, minus = gates.excitation(2, angle, 1), gates.excitation(2, angle, -1)
    np.testing.assert_allclose(plus[np.ix_([1, 2], [1, 2])], minus[np.ix_([1, 2], [1, 2])])
    np.testing.assert_allclose(plus[0, 0] * minus[0, 0], 1, atol=1e-15)
    np.testing.assert_allclose(gates.excitation(4, angle, 0)[3, 12], -math.sin(angle / 2), atol=1e-15)
