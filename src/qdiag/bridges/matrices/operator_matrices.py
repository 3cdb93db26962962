"""Operators as plain matrices in complex128, from their elementary factors: composite operations are taken apart here, along their
own structure, because an operation's own ``matrix()`` may be what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import lru_cache
from typing import Any, Callable, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.classes import is_pennylane
from qdiag.bridges.matrices import channels
from qdiag.model import operator_families as families
from qdiag.model.numerics import gates
from qdiag.model.numerics.measurements import dense
from qdiag.model.numerics.states import Channel, Factor, NotSimulated, Preparation, Step, Term

MAX_NESTING = 40
"""Decompositions nested deeper than this are given up."""


def steps(operator: Any, *, fresh: bool = False, nesting: int = 0) -> tuple[Step, ...]:
    """What an operation does, as elementary steps in order.

    Parameters
    ----------
    operator
        A PennyLane operation on plain numbers, without a batch.
    fresh
        Whether no earlier operation touched its wires: state preparations then set the state.

    Raises
    ------
    NotSimulated
        If it is nothing that can be written as matrices.
    """
    if nesting > MAX_NESTING:
        raise NotSimulated(f"{operator.name} is decomposed endlessly")
    if getattr(operator, "batch_size", None) is not None:
        # rows are taken from the operation that the circuit shows: here one hides its batch in what it is made of
        raise NotSimulated(f"{operator.name} carries a batch inside of an operation that shows none")
    names = _names(operator)
    for family, rule in _PREPARATIONS:
        if fresh and names & family:
            return (rule(operator),)
    kraus = channels.channel(operator) if "Channel" in names else None
    if kraus is not None:
        return (Channel(*kraus, labels(operator.wires)),)
    found = _unitary(operator, names, nesting)
    if names & families.PROJECTORS:
        return tuple(replace(step, selects=True) if isinstance(step, Factor) else step for step in found)
    return found


def factors(operator: Any, nesting: int = 0) -> tuple[Factor, ...]:
    """The matrices that a unitary operation multiplies the state with, in order.

    Raises
    ------
    NotSimulated
        If it is no product of matrices.
    """
    found = steps(operator, nesting=nesting)
    if not all(isinstance(step, Factor) for step in found):
        raise NotSimulated(f"{operator.name} is no product of matrices")
    return found  # type: ignore[return-value]


def matrix_of(operator: Any, wires: Optional[Sequence[Any]] = None) -> np.ndarray:
    """The matrix of an operation or observable on its wires, from its elementary factors."""
    return dense(terms(operator), labels(operator.wires) if wires is None else tuple(wires))


def labels(wires: Any) -> tuple[Any, ...]:
    """Wire labels as a plain tuple."""
    return tuple(wires.tolist()) if hasattr(wires, "tolist") else tuple(wires)


def _names(operator: Any) -> frozenset[str]:
    return _names_of(operator.__class__)


@lru_cache(maxsize=1024)
def _names_of(kind: type) -> frozenset[str]:
    return frozenset(base.__name__ for base in kind.__mro__ if is_pennylane(base))


def _unitary(operator: Any, names: frozenset[str], nesting: int) -> tuple[Step, ...]:
    if getattr(operator, "inverse", False):
        # PennyLane before 0.25 marks an inverse in place.
        forward = copy(operator)
        forward.inverse = False
        return _adjoint_steps(_unitary(forward, names, nesting))
    leaf = leaf_matrix(operator)
    if leaf is not None:
        return (Factor(leaf, labels(operator.wires)),)
    for name, rule in _STRUCTURES:
        if name in names:
            return rule(operator, nesting + 1)
    return _decomposition_steps(operator, nesting)


# --- leaves ------------------------------------------------------------------------------------------------------------


def is_structured(operator: Any) -> bool:
    """Whether its matrix is put together from those of its parts: an inverse, a controlled operation, a power, a product, a sum."""
    return bool(_names(operator) & {name for name, _ in _STRUCTURES})


def leaf_matrix(operator: Any) -> Optional[np.ndarray]:
    """The matrix of a gate in our own table, or None."""
    if not is_pennylane(type(operator)):
        return None
    name, numbers = type(operator).__name__, operator.data
    count = len(operator.wires)
    if name in gates.FIXED:
        return gates.FIXED[name]
    if name in gates.PARAMETRIC:
        return gates.PARAMETRIC[name](*(complex(number).real if np.isreal(number) else complex(number) for number in numbers))
    special = _SPECIAL.get(name)
    return None if special is None else np.asarray(special(operator, count), dtype=np.complex128)


def _array(value: Any) -> np.ndarray:
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value, dtype=np.complex128)


def _pauli_rot(operator: Any, count: int) -> np.ndarray:
    # PennyLane before 0.22 holds the word among the numbers.
    letters = operator.data[1] if len(operator.data) > 1 else operator.hyperparameters["pauli_word"]
    return gates.rotation(letters, float(operator.data[0]))


def _projector_phase(operator: Any, count: int) -> np.ndarray:
    dimension = operator.hyperparameters["dimension"]
    return gates.projector_phase(1 << count, dimension[0] if isinstance(dimension, tuple) else dimension, float(operator.data[0]))


_SPECIAL: dict[str, Callable[[Any, int], Any]] = {
    "Identity": lambda op, count: np.eye(1 << count),
    "GlobalPhase": lambda op, count: gates.phase(-complex(op.data[0])) * np.eye(1 << count),
    "MultiRZ": lambda op, count: gates.parity_rotation(count, float(op.data[0])),
    "PauliRot": _pauli_rot,
    "PCPhase": _projector_phase,
    "QubitUnitary": lambda op, count: _array(op.data[0]),
    "DiagonalQubitUnitary": lambda op, count: np.diag(_array(op.data[0])),
    "BlockEncode": lambda op, count: gates.block_encoding(_array(op.data[0]), 1 << count),
    "QFT": lambda op, count: gates.fourier(count),
    "Hermitian": lambda op, count: _array(op.data[0]),
    "SparseHamiltonian": lambda op, count: _array(op.data[0]),
    "Projector": lambda op, count: _projector(op, count),
    "BasisStateProjector": lambda op, count: _projector(op, count),
    "StateVectorProjector": lambda op, count: _projector(op, count),
}
"""Gates and observables whose matrix depends on more than angles."""


def _projector(operator: Any, count: int) -> np.ndarray:
    state = _array(operator.data[0]).reshape(-1)
    if len(state) == count and (count > 1 or "Vector" not in type(operator).__name__):
        basis, state = state, np.zeros(1 << count, dtype=np.complex128)
        state[int("".join(str(int(bit.real)) for bit in basis), 2)] = 1
    return np.outer(state, state.conj())


# --- structures: (operator, nesting) → steps -----------------------------------------------------------------------------


def _adjoint_steps(found: Sequence[Step]) -> tuple[Step, ...]:
    if not all(isinstance(step, Factor) for step in found):
        raise NotSimulated("the adjoint of what is no product of matrices")
    return tuple(Factor(step.matrix.conj().T, step.wires) for step in reversed(found) if isinstance(step, Factor))


def _adjoint(operator: Any, nesting: int) -> tuple[Step, ...]:
    return _adjoint_steps(factors(operator.base, nesting))


def _controlled_steps(operator: Any, nesting: int) -> tuple[Step, ...]:
    controls = labels(operator.control_wires)
    values = tuple(bool(value) for value in operator.control_values)
    return tuple(
        Factor(gates.control(factor.matrix, values), controls + factor.wires) for factor in factors(operator.base, nesting)
    )


def _controlled_unitary(operator: Any, nesting: int) -> tuple[Step, ...]:
    # Before 0.29 it is no controlled operation of a base, and inherits the decomposition of the base alone.
    if hasattr(operator, "base"):
        return _controlled_steps(operator, nesting)
    values = getattr(operator, "control_values", None) or [True] * len(operator.control_wires)
    return (Factor(gates.control(_array(operator.data[0]), [str(v) in ("1", "True") for v in values]), labels(operator.wires)),)


def _power(operator: Any, nesting: int) -> tuple[Step, ...]:
    exponent, base = operator.z, operator.base
    if float(exponent).is_integer():
        once: tuple[Step, ...] = factors(base, nesting)
        return (once if exponent >= 0 else _adjoint_steps(once)) * abs(int(exponent))
    # A gate with one generator and one angle has a power of its own, which is continuous in the angle; the principal branch of
    # the matrix power is not, and PennyLane uses both.
    values, vectors = np.linalg.eig(matrix_of(base))
    power = (vectors * np.exp(float(exponent) * np.log(values))) @ np.linalg.inv(vectors)
    return (Factor(power, labels(base.wires)),)


def _exponential(operator: Any, nesting: int) -> tuple[Step, ...]:
    return (Factor(exponential(complex(operator.coeff), matrix_of(operator.base)), labels(operator.base.wires)),)


def exponential(coefficient: complex, base: np.ndarray) -> np.ndarray:
    """``exp(coefficient · base)``."""
    if np.array_equal(base, base.conj().T):
        values, vectors = np.linalg.eigh(base)
        return (vectors * np.exp(coefficient * values)) @ vectors.conj().T
    from scipy.linalg import expm

    return np.asarray(expm(coefficient * base))


def _product(operator: Any, nesting: int) -> tuple[Step, ...]:
    return tuple(factor for operand in reversed(operator.operands) for factor in factors(operand, nesting))


def _sum_steps(operator: Any, nesting: int) -> tuple[Step, ...]:
    wires = labels(operator.wires)
    return (Factor(dense(terms(operator), wires), wires),)


def _nothing(operator: Any, nesting: int) -> tuple[Step, ...]:
    return ()


_STRUCTURES: tuple[tuple[str, Callable[[Any, int], tuple[Step, ...]]], ...] = (
    ("Adjoint", _adjoint),
    ("Pow", _power),
    ("ControlledQubitUnitary", _controlled_unitary),
    ("Controlled", _controlled_steps),
    ("Exp", _exponential),
    ("Prod", _product),
    ("ChangeOpBasis", _product),
    ("Sum", _sum_steps),
    ("SProd", _sum_steps),
    ("LinearCombination", _sum_steps),
    ("Hamiltonian", _sum_steps),
    ("Tensor", _sum_steps),
    ("Barrier", _nothing),
    ("Snapshot", _nothing),
    ("WireCut", _nothing),
)
"""Class names, most special first, and how such an operation is taken apart."""


def _decomposition_steps(operator: Any, nesting: int) -> tuple[Step, ...]:
    """The steps of the operation's decomposition; of its own matrix where it has none that can be followed."""
    problem = "it has neither decomposition nor matrix"
    try:
        return tuple(step for part in decomposition(operator) for step in factors(part, nesting + 1))
    except NotSimulated as error:
        problem = str(error)
    matrix = own_matrix(operator)
    if matrix is None:
        raise NotSimulated(f"{operator.name}: {problem}")
    return (Factor(matrix, labels(operator.wires)),)


def decomposition(operator: Any) -> Sequence[Any]:
    """The operators that PennyLane puts in its place.

    Raises
    ------
    NotSimulated
        If there are none.
    """
    try:
        return tuple(flattening.decomposition(operator))
    except Exception as error:
        raise NotSimulated(f"{operator.name} is not decomposed ({type(error).__name__})") from error


def own_matrix(operator: Any) -> Optional[np.ndarray]:
    """The operation's own idea of its matrix, if it has one and it fits its wires."""
    try:
        with flattening.stop_recording():
            # Before 0.22 the matrix is a property. Later, one made from a decomposition had the order of wires of that.
            matrix = _array(qml.matrix(operator, wire_order=operator.wires) if hasattr(qml, "matrix") else operator.matrix)
    except Exception:
        return None
    return matrix if matrix.shape == (1 << len(operator.wires),) * 2 else None


# --- observables ---------------------------------------------------------------------------------------------------------


def terms(operator: Any) -> tuple[Term, ...]:
    """An operator as a sum of products of matrices: the form in which an observable is applied to a state."""
    names = _names(operator)
    if names & families.WEIGHTED_SUMS:
        return _scaled_terms(operator.coeffs, operator.ops)
    if "Sum" in names:
        return tuple(term for operand in operator.operands for term in terms(operand))
    if names & families.SCALED:
        return _scaled_terms([operator.scalar], [operator.base])
    if names & families.PRODUCTS:
        return _multiplied_terms(operator.obs if "Tensor" in names else operator.operands)
    if leaf_matrix(operator) is None and not is_structured(operator) and "Channel" not in names:
        matrix = own_matrix(operator)
        if matrix is not None and not np.allclose(matrix @ matrix.conj().T, np.eye(len(matrix))):
            return ((1.0, (Factor(matrix, labels(operator.wires)),)),)
    return ((1.0, factors(operator)),)


def _scaled_terms(coefficients: Any, operators: Any) -> tuple[Term, ...]:
    return tuple(
        (complex(coefficient) * inner, found)
        for coefficient, operator in zip(coefficients, operators)
        for inner, found in terms(operator)
    )


def _multiplied_terms(operators: Sequence[Any]) -> tuple[Term, ...]:
    product: tuple[Term, ...] = ((1.0, ()),)
    for operator in operators:
        # The rightmost operator acts first.
        product = tuple((c * d, right + left) for c, left in product for d, right in terms(operator))
    return product


# --- preparations --------------------------------------------------------------------------------------------------------


def _state_preparation(operator: Any) -> Preparation:
    state = _array(operator.data[0]).reshape(-1)
    wires = labels(operator.wires)
    hyperparameters = getattr(operator, "hyperparameters", {})
    padding = hyperparameters.get("pad_with")
    if padding is not None and len(state) < 1 << len(wires):
        state = np.concatenate([state, np.full((1 << len(wires)) - len(state), complex(padding))])
    if not hyperparameters.get("normalize"):
        return Preparation(state, wires)
    norm = float(np.linalg.norm(state))
    return Preparation(state / norm, wires, abs(norm - 1) if np.isclose(norm, 1) else 0.0)


def _basis_preparation(operator: Any) -> Preparation:
    bits = [int(bit) for bit in np.asarray(operator.data[0] if operator.data else operator.hyperparameters["basis_state"]).reshape(-1)]
    state = np.zeros(1 << len(bits), dtype=np.complex128)
    state[int("".join(map(str, bits)) or "0", 2)] = 1
    return Preparation(state, labels(operator.wires))


def _density_preparation(operator: Any) -> Preparation:
    return Preparation(_array(operator.data[0]), labels(operator.wires))


_PREPARATIONS: tuple[tuple[frozenset[str], Callable[[Any], Preparation]], ...] = (
    (families.DENSITY_MATRICES, _density_preparation),
    (families.AMPLITUDES, _state_preparation),
    (families.BASIS_STATES, _basis_preparation),
)
