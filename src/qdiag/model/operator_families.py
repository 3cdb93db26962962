"""What kind of thing an operator or a measurement is, by the name of its class: the one table of families that all rooms ask.

A recorded circuit knows the classes of its operators by name only, and most of the code runs where PennyLane is not loaded. So which
names are channels, state preparations, products, … is written down here, once. `tests/bridge/test_operator_families.py` asks the
installed PennyLane about each class that it ships, so that a new channel is missed by a test before it is missed by a user. Names of
other versions stand beside today's.

Families hold PennyLane's own classes. What a user's own class is, PennyLane says where a circuit is translated (`bridges/matrices`);
tables with a rule beside each name (a matrix, a spelling, a drawing) stay where their rules are.
"""

from __future__ import annotations

# --- operations that set, mix or read the state ---------------------------------------------------------------------------------

CHANNELS = frozenset(
    ["AmplitudeDamping", "BitFlip", "DepolarizingChannel", "GeneralizedAmplitudeDamping", "PauliError", "PhaseDamping", "PhaseFlip"]
    + ["QubitChannel", "ResetError", "ThermalRelaxationError"]
    + ["QutritAmplitudeDamping", "QutritChannel", "QutritDepolarizingChannel", "TritFlip"]
)
"""Noise: what follows one of them is a density matrix."""

DENSITY_MATRICES = frozenset({"QubitDensityMatrix"})
"""Preparations of a mixed state, whose number is its density matrix."""

MIXING = CHANNELS | DENSITY_MATRICES
"""After one of these a state vector does not describe the state."""

AMPLITUDES = frozenset(
    ["AmplitudeEmbedding", "MottonenStatePreparation", "MultiplexerStatePreparation", "QubitStateVector", "StatePrep"]
)
"""Preparations of exactly the state that their number, a vector of norm one, spells out."""

BASIS_STATES = frozenset({"BasisEmbedding", "BasisState"})
"""Preparations of a state of the computational basis."""

STATE_DATA = AMPLITUDES | DENSITY_MATRICES
"""Preparations whose number is a state: its entries mean something together only."""

MID_MEASUREMENTS = frozenset({"MidMeasure", "MidMeasureMP", "PauliMeasure"})
"""Measurements in the middle of a circuit: each doubles the branches that a simulation follows."""

PROJECTORS = frozenset({"BasisStateProjector", "Projector", "StateVectorProjector"})
"""As operations they stand for postselected measurements: devices divide by the weight that is left."""

# --- operators that are given as matrices ------------------------------------------------------------------------------------------

UNITARY_MATRICES = frozenset({"BasisRotation", "ControlledQubitUnitary", "QubitUnitary"})
"""Operations whose number is a unitary matrix."""

UNITARY_DIAGONALS = frozenset({"DiagonalQubitUnitary"})
"""Operations whose number is the diagonal of a unitary matrix."""

MATRICES_OF_NUMBERS = frozenset({"BlockEncode", "FABLE"})
"""Operations whose matrix may have any numbers in it, so that each can be moved."""

KRAUS_MATRICES = frozenset({"QubitChannel"})
"""Operations whose numbers are the matrices of a channel."""

HERMITIAN_MATRICES = frozenset({"Hermitian"})
"""Observables whose number is a Hermitian matrix."""

MATRIX_OBSERVABLES = HERMITIAN_MATRICES | {"SparseHamiltonian"}
"""Observables given as a matrix, dense or sparse."""

EXPONENTIALS = frozenset({"Evolution", "Exp", "IQP", "QDrift", "SpecialUnitary", "TrotterProduct"})
"""Operations whose matrix PennyLane works out as a matrix exponential, or which are decomposed into such."""

PRODUCT_FORMULAS = frozenset({"QDrift", "TrotterProduct"})
"""Exponentials of a sum by many exponentials of its terms: ``n`` of them, or ``n`` steps of a formula of some ``order``."""

IMAGINARY_COEFFICIENTS = frozenset({"Exp"})
"""Exponentials of an operator times a complex number: they are unitary where that is imaginary."""

# --- operators made of others ------------------------------------------------------------------------------------------------------

PRODUCTS = frozenset({"Prod", "Tensor"})
"""Operators multiplied with each other; a tensor product by its old name."""

WEIGHTED_SUMS = frozenset({"Hamiltonian", "LinearCombination"})
"""Sums that hold coefficients of their own."""

SUMS = WEIGHTED_SUMS | {"Sum"}
"""Operators added up."""

SCALED = frozenset({"SProd"})
"""One operator times a number."""

GATHERING = PRODUCTS | {"CompositeOp", "Sum"}
"""Operators that are nothing but their operands taken together."""

CONTROLLED = frozenset({"Controlled", "ControlledOp", "ControlledOperation", "ControlledSequence"})
"""Any operation under control wires; it holds that operation."""

PAULIS = ("PauliX", "PauliY", "PauliZ")
"""The observables that together say all about a qubit, in the order of the alphabet."""

OF_MODES = frozenset({"FockStateProjector", "NumberOperator", "PolyXP", "QuadOperator", "QuadP", "QuadX", "TensorN"})
"""Observables of modes of light."""

OF_QUTRITS = frozenset({"GellMann", "THermitian"})
"""Observables of qutrits."""

OF_NO_QUBITS = OF_MODES | OF_QUTRITS
"""No Pauli is measured where one of them is, and no gate of qubits applied."""

# --- measurements ------------------------------------------------------------------------------------------------------------------

VARIANCES = frozenset({"VarianceMP", "var", "variance"})
"""Variances; the names of return types are those of PennyLane before 0.29."""

ENTROPIES = frozenset({"MutualInfoMP", "VnEntanglementEntropyMP", "VnEntropyMP", "mutualinfo", "vnentropy"})
"""Measurements that take the logarithm of eigenvalues."""

NON_LINEAR = VARIANCES | ENTROPIES | {"PurityMP"}
"""Measurements that are no linear function of the density matrix: shift rules and Hadamard tests do not hold for them."""

SHADOWS = frozenset({"ShadowExpvalMP"})
"""Expectation values that are put together from snapshots of a classical shadow."""

REAL_NUMBERS = frozenset({"ExpectationMP", "VarianceMP"})
"""Measurements that give one real number."""

STATE_VECTORS = frozenset({"StateMP"})
"""Measurements that give the state of all wires, as a vector where the device keeps one."""

WHOLE_STATES = frozenset({"DensityMatrixMP", "StateMP"})
"""Measurements that give a state, in complex numbers."""

RAW_SAMPLES = frozenset({"ClassicalShadowMP", "CountsMP", "SampleMP"})
"""Measurements that give what was drawn: an element of one drawing has nothing to do with that of another."""

DRAWN_FROM = RAW_SAMPLES | SHADOWS
"""Measurements that there are not without shots."""

MEASUREMENT_FUNCTIONS = {
    "ExpectationMP": "expval",
    "VarianceMP": "var",
    "ProbabilityMP": "probs",
    "StateMP": "state",
    "DensityMatrixMP": "density_matrix",
    "SampleMP": "sample",
    "CountsMP": "counts",
    "PurityMP": "purity",
    "VnEntropyMP": "vn_entropy",
    "MutualInfoMP": "mutual_info",
    "VnEntanglementEntropyMP": "vn_entanglement_entropy",
    "ClassicalShadowMP": "classical_shadow",
    "ShadowExpvalMP": "shadow_expval",
}
"""By which function of PennyLane's a user asks for a measurement."""


def as_written(name: str) -> str:
    """The name of an operator or a measurement as a user writes it: nobody writes the class of a measurement."""
    return MEASUREMENT_FUNCTIONS.get(name, name)
