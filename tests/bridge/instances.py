"""Instances of PennyLane's own operations, templates, symbolic operators and measurements, made automatically and by hand.

Every class that PennyLane ships is tried with generic arguments chosen from its signature; templates and operators with
particular needs have an entry in `BY_HAND`. `unmade()` says which classes could not be made.
"""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pennylane as qml

MODERN = hasattr(qml.operation.Operator, "_flatten")


@dataclass(frozen=True)
class Instance:
    """An operator or measurement that PennyLane could make, and the label under which a test reports it."""

    label: str
    operator: Any

    @property
    def kind(self) -> str:
        return type(self.operator).__name__


def below(kind: type[Any]) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


ABSTRACT = {
    "Operation", "Channel", "CVOperation", "StatePrepBase", "CV", "CVObservable", "Observable", "Operator", "DiagonalOperation",
    "CompositeOp", "SymbolicOp", "ScalarSymbolicOp", "SampleMeasurement", "StateMeasurement", "MeasurementTransform",
    "PowOperation", "AdjointOperation", "ControlledOp", "PowObs", "AdjointObs", "ResourcesOperation", "ErrorOperation",
    "SymbolicOperation", "Tensor", "Projector",
}  # fmt: skip
"""Bases that are not meant to be made, and classes that PennyLane swaps for another when they are."""

OUTSIDE = ("pennylane.labs", "pennylane.estimator", "pennylane.resource", "pennylane.ftqc", "pennylane.io", "pennylane.beta")
"""Parts of PennyLane whose operators no device executes."""


def classes() -> list[type]:
    """Every operator class of the installed PennyLane that can stand in a circuit."""
    found = dict.fromkeys(below(qml.operation.Operator))
    return [
        kind
        for kind in found
        if kind.__module__.startswith("pennylane.")
        and not kind.__module__.startswith(OUTSIDE)
        and kind.__name__ not in ABSTRACT
        and not kind.__name__.startswith("_")
    ]


# --- generic arguments -------------------------------------------------------------------------------------------------


def _unitary(wires: int) -> np.ndarray:
    rows = np.random.default_rng(wires).normal(size=(2**wires, 2**wires)) + 1j * np.eye(2**wires)
    return np.linalg.qr(rows)[0]


def _hermitian(wires: int) -> np.ndarray:
    matrix = _unitary(wires)
    return (matrix + matrix.conj().T) / 2


def _vector(wires: int) -> np.ndarray:
    vector = np.arange(1.0, 2**wires + 1)
    return vector / np.linalg.norm(vector)


KINDS: dict[str, Callable[[int, int], Any]] = {
    "number": lambda wires, position: 0.1 + 0.2 * position,
    "vector": lambda wires, position: _vector(wires),
    "unitary": lambda wires, position: _unitary(wires),
    "hermitian": lambda wires, position: _hermitian(wires),
    "phases": lambda wires, position: np.exp(1j * np.arange(2**wires)),
    "bits": lambda wires, position: np.arange(wires) % 2,
    "base": lambda wires, position: qml.PauliX(0),
}


def _generic(kind: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    signature = inspect.signature(kind.__init__)
    names = [
        name
        for name, parameter in list(signature.parameters.items())[1:]
        if parameter.default is parameter.empty and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    star = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    count = kind.num_params if star and isinstance(getattr(kind, "num_params", None), int) else int(star)
    fixed = getattr(kind, "num_wires", None)
    widths = [fixed] if isinstance(fixed, int) and not isinstance(fixed, bool) and fixed > 0 else [2, 1, 3, 4]
    takes_wires = star or "wires" in signature.parameters
    for what, width in itertools.product(KINDS, widths):

        def make(what: str = what, width: int = width) -> Any:
            keywords = {name: KINDS[what](width, i) for i, name in enumerate(n for n in names if n != "wires")}
            positional = [KINDS[what](width, i) for i in range(count)]
            wires = {"wires": list(range(width))} if takes_wires else {}
            return kind(*positional, **keywords, **wires)

        yield what, make


def _usable(operator: Any) -> bool:
    """Whether PennyLane itself can do something with the instance (its own constructors accept some nonsense)."""
    if any(isinstance(label, qml.operation.Operator) for label in operator.wires):
        return False
    for use in ("decomposition", "matrix", "eigvals", "kraus_matrices", "decompose", "heisenberg_expand"):
        try:
            attribute = getattr(operator, use, None)
            result = attribute() if callable(attribute) else attribute
        except Exception:
            continue
        if result is not None:
            return True
    return type(operator).__module__.startswith(("pennylane.ops.cv", "pennylane.ops.qutrit", "pennylane.ops.channel"))


def _made(make: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = make()
        except Exception:
            return None
    # On an old PennyLane some of these functions return nothing, or a function that queues operations.
    return None if found is None or not hasattr(found, "wires") else found


# --- containers --------------------------------------------------------------------------------------------------------


def containers() -> dict[str, Callable[[float], Any]]:
    """Ways in which a script may hand over a number."""
    from pennylane import numpy as pnp

    table: dict[str, Callable[[float], Any]] = {
        "python": float,
        "integer": lambda x: 1,
        "numpy float32 scalar": np.float32,
        "numpy float64 scalar": np.float64,
        "numpy 0-d": np.array,
        "numpy float32 0-d": lambda x: np.array(x, np.float32),
        "tensor": lambda x: pnp.array(x, requires_grad=True),
        "untracked tensor": lambda x: pnp.array(x, requires_grad=False),
    }
    try:
        import torch
    except ImportError:
        return table
    table["torch float32"] = lambda x: torch.tensor(x, dtype=torch.float32)
    table["torch tracked"] = lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
    table["torch from a graph"] = lambda x: 2 * torch.tensor(x, dtype=torch.float32, requires_grad=True)
    return table


# --- by hand -----------------------------------------------------------------------------------------------------------


def _hamiltonian() -> Any:
    return qml.Hamiltonian([0.5, -1.25], [qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliX(0)])


def _entangler(weights: Any, wires: Any) -> None:
    qml.RY(weights[0], wires=wires[0])
    qml.CNOT(wires=wires)


W = np.linspace(0.1, 1.3, 12)
"""Weights to cut arrays from."""

BY_HAND: dict[str, Callable[[], Any]] = {
    # embeddings, layers, state preparations
    "AmplitudeEmbedding": lambda: qml.AmplitudeEmbedding(W[:4], wires=[0, 1], normalize=True),
    "AmplitudeEmbedding padded": lambda: qml.AmplitudeEmbedding(W[:3], wires=[0, 1], pad_with=0.5, normalize=True),
    "AngleEmbedding": lambda: qml.AngleEmbedding(W[:3], wires=[0, 1, 2], rotation="Y"),
    "AngleEmbedding batch": lambda: qml.AngleEmbedding(W.reshape(4, 3), wires=["a", "b", 2], rotation="Z"),
    "BasisEmbedding": lambda: qml.BasisEmbedding([1, 0], wires=[0, 1]),
    "IQPEmbedding": lambda: qml.IQPEmbedding(W[:3], wires=[0, 1, 2], n_repeats=2),
    "IQPEmbedding pattern": lambda: qml.IQPEmbedding(W[:3], wires=[0, 1, 2], pattern=[[0, 1], [1, 2]]),
    "QAOAEmbedding": lambda: qml.QAOAEmbedding(W[:2], W[:6].reshape(2, 3), wires=[0, 1], local_field="Z"),
    "DisplacementEmbedding": lambda: qml.DisplacementEmbedding(W[:2], wires=[0, 1]),
    "SqueezingEmbedding": lambda: qml.SqueezingEmbedding(W[:2], wires=[0, 1], method="phase"),
    "BasicEntanglerLayers": lambda: qml.BasicEntanglerLayers(W[:6].reshape(2, 3), wires=[0, 1, 2], rotation=qml.RZ),
    "StronglyEntanglingLayers": lambda: qml.StronglyEntanglingLayers(np.resize(W, (2, 3, 3)), wires=[0, 1, 2], imprimitive=qml.CZ),
    "RandomLayers": lambda: qml.RandomLayers(W[:6].reshape(2, 3), wires=[0, 1], seed=7),
    "SimplifiedTwoDesign": lambda: qml.SimplifiedTwoDesign(W[:3], W[:4].reshape(1, 2, 2), wires=[0, 1, 2]),
    "ParticleConservingU1": lambda: qml.ParticleConservingU1(W[:2].reshape(1, 1, 2), wires=[0, 1], init_state=np.array([1, 0])),
    "ParticleConservingU2": lambda: qml.ParticleConservingU2(W[:3].reshape(1, 3), wires=[0, 1], init_state=np.array([1, 0])),
    "GateFabric": lambda: qml.GateFabric(W[:2].reshape(1, 1, 2), wires=range(4), init_state=[1, 1, 0, 0]),
    "CVNeuralNetLayers": lambda: qml.CVNeuralNetLayers(
        *[np.full((1, n), 0.1) for n in (1, 1, 2, 2, 2, 1, 1, 2, 2, 2, 2)], wires=[0, 1]
    ),
    "Interferometer": lambda: qml.Interferometer(W[:1], W[:1], W[:2], wires=[0, 1], mesh="triangular"),
    "ArbitraryStatePreparation": lambda: qml.ArbitraryStatePreparation(W[:6], wires=[0, 1]),
    "ArbitraryUnitary": lambda: qml.ArbitraryUnitary(np.resize(W, 15), wires=[0, 1]),
    "BasisStatePreparation": lambda: qml.BasisStatePreparation([1, 0], wires=[0, 1]),
    "MottonenStatePreparation": lambda: qml.MottonenStatePreparation(_vector(2), wires=[0, 1]),
    "CosineWindow": lambda: qml.CosineWindow(wires=[0, 1]),
    "MPSPrep": lambda: qml.MPSPrep(
        [np.array([[0.0, 0.107], [0.994, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])], wires=[0, 1], work_wires=[2]
    ),
    "SumOfSlatersPrep": lambda: qml.SumOfSlatersPrep(np.array([0.6, 0.8]), wires=[0, 1, 2], indices=[1, 6]),
    "QROMStatePreparation": lambda: qml.QROMStatePreparation(_vector(2), wires=[0, 1], precision_wires=[2, 3, 4], work_wires=[5]),
    "Superposition": lambda: qml.Superposition(np.sqrt([0.5, 0.5]), np.array([[1, 1, 1], [0, 0, 0]]), wires=[0, 1, 2], work_wire=3),
    "QutritBasisStatePreparation": lambda: qml.QutritBasisStatePreparation([0, 2], wires=[0, 1]),
    # subroutines
    "ApproxTimeEvolution": lambda: qml.ApproxTimeEvolution(_hamiltonian(), 0.3, 2),
    "CommutingEvolution": lambda: qml.CommutingEvolution(qml.Hamiltonian([1.5, 2.0], [qml.PauliX(0), qml.PauliX(1)]), 0.3),
    "CommutingEvolution frequencies": lambda: qml.CommutingEvolution(
        qml.Hamiltonian([1.5, 2.0], [qml.PauliX(0), qml.PauliX(1)]), 0.3, frequencies=(2, 4), shifts=(0.5, 1.0)
    ),
    "TrotterProduct": lambda: qml.TrotterProduct(_hamiltonian(), time=0.4, order=2, n=2),
    "TrotterProduct check": lambda: qml.TrotterProduct(qml.dot([0.2, 0.4], [qml.PauliX(0), qml.PauliY(1)]), 0.1, check_hermitian=False),
    "QDrift": lambda: qml.QDrift(qml.dot([1.1, 0.25], [qml.PauliX(0), qml.PauliY(1)]), time=1.2, n=3, seed=5),
    "PauliRot": lambda: qml.PauliRot(0.3, "XYZ", wires=[0, 1, 2]),
    "MultiRZ": lambda: qml.MultiRZ(0.3, wires=[0, 1, 2]),
    "SpecialUnitary": lambda: qml.SpecialUnitary(W[:3], wires=0),
    "PCPhase": lambda: qml.PCPhase(0.3, dim=3, wires=[0, 1]),
    "BlockEncode": lambda: qml.BlockEncode(np.array([[0.1, 0.2], [0.3, 0.4]]), wires=[0, 1]),
    "BlockEncode number": lambda: qml.BlockEncode(0.25, wires=[0]),
    "QSVT": lambda: qml.QSVT(qml.BlockEncode(np.array([[0.1, 0.2], [0.3, 0.4]]), wires=[0, 1]), [qml.PCPhase(0.2, 2, [0, 1])] * 2),
    "GQSP": lambda: qml.GQSP(qml.RX(0.3, 1), np.arange(9.0).reshape(3, 3), control=0),
    "FABLE": lambda: qml.FABLE(np.array([[0.1, 0.2], [-0.2, 0.1]]), wires=[0, 1, 2], tol=0.01),
    "QFT": lambda: qml.QFT(wires=[0, 1, 2]),
    "AQFT": lambda: qml.AQFT(order=1, wires=[0, 1, 2]),
    "GroverOperator": lambda: qml.GroverOperator(wires=[0, 1, 2], work_wires=[3]),
    "QuantumPhaseEstimation": lambda: qml.QuantumPhaseEstimation(_unitary(1), target_wires=[0], estimation_wires=[1, 2]),
    "QuantumPhaseEstimation operator": lambda: qml.QuantumPhaseEstimation(qml.RZ(0.3, wires=0), estimation_wires=[1, 2]),
    "QuantumMonteCarlo": lambda: qml.QuantumMonteCarlo(
        np.ones(2) / 2, lambda i: np.sin(i) ** 2, target_wires=[0, 1], estimation_wires=[2]
    ),
    "HilbertSchmidt": lambda: qml.HilbertSchmidt(V=qml.RZ(0.1, 1), U=qml.Hadamard(0)),
    "LocalHilbertSchmidt": lambda: qml.LocalHilbertSchmidt(V=[qml.RZ(0.1, 2), qml.RX(0.2, 3)], U=[qml.CZ([0, 1])]),
    "FlipSign": lambda: qml.FlipSign([1, 0], wires=[0, 1]),
    "Permute": lambda: qml.Permute([2, 0, 1], wires=[0, 1, 2]),
    "ControlledSequence": lambda: qml.ControlledSequence(qml.RX(0.25, wires=3), control=[0, 1, 2]),
    "AmplitudeAmplification": lambda: qml.AmplitudeAmplification(qml.Hadamard(0), qml.FlipSign(1, wires=0), iters=2),
    "AmplitudeAmplification fixed": lambda: qml.AmplitudeAmplification(
        qml.Hadamard(0), qml.FlipSign(1, wires=0), iters=3, fixed_point=True, work_wire=2, p_min=0.8
    ),
    "Reflection": lambda: qml.Reflection(qml.RX(0.3, 0), 0.7, reflection_wires=[0]),
    "Qubitization": lambda: qml.Qubitization(qml.dot([0.1, 0.3], [qml.PauliZ(0), qml.PauliX(1)]), control=[2]),
    "PrepSelPrep": lambda: qml.PrepSelPrep(qml.dot([0.25, 0.75], [qml.PauliZ(2), qml.PauliX(1)]), control=[0]),
    "Select": lambda: qml.Select([qml.PauliX(2), qml.RX(0.3, 3)], control=[0]),
    "SelectPauliRot": lambda: qml.SelectPauliRot(W[:4], control_wires=[0, 1], target_wire=2, rot_axis="Y"),
    "QROM": lambda: qml.QROM(["010", "111"], control_wires=[0], target_wires=[1, 2, 3], work_wires=[4, 5, 6]),
    "QROM array": lambda: qml.QROM(np.array([[0, 1], [1, 1]]), control_wires=[0], target_wires=[1, 2], work_wires=None),
    "BBQRAM": lambda: qml.BBQRAM(["010", "111"], control_wires=[0], target_wires=[1, 2, 3], work_wires=list(range(4, 8))),
    "SelectOnlyQRAM": lambda: qml.SelectOnlyQRAM(["010", "111"], control_wires=[0], target_wires=[1, 2, 3]),
    "HybridQRAM": lambda: qml.HybridQRAM(
        ["010", "111", "110", "000"], control_wires=[0, 1], target_wires=[2, 3, 4], work_wires=list(range(5, 10)), k=1
    ),
    "IQP": lambda: qml.IQP(W[:3], num_wires=3, pattern=[[[0]], [[1]], [[0, 2]]]),
    "Adder": lambda: qml.Adder(3, x_wires=[0, 1, 2], mod=5, work_wires=[3, 4]),
    "PhaseAdder": lambda: qml.PhaseAdder(3, x_wires=[0, 1, 2, 3], mod=7, work_wire=4),
    "Multiplier": lambda: qml.Multiplier(3, x_wires=[0, 1, 2], mod=7, work_wires=[3, 4, 5, 6, 7]),
    "ModExp": lambda: qml.ModExp([0, 1], [2, 3, 4], base=3, mod=7, work_wires=[5, 6, 7, 8, 9]),
    "OutAdder": lambda: qml.OutAdder([0, 1], [2, 3], [4, 5, 6], mod=7, work_wires=[7, 8]),
    "OutMultiplier": lambda: qml.OutMultiplier([0, 1], [2, 3], [4, 5, 6], mod=7, work_wires=[7, 8]),
    "OutPoly": lambda: qml.OutPoly(_polynomial, input_registers=[[0, 1], [2, 3]], output_wires=[4, 5, 6], mod=7, work_wires=[7, 8]),
    "SemiAdder": lambda: qml.SemiAdder([0, 1], [2, 3, 4], [5, 6]),
    "TemporaryAND": lambda: qml.TemporaryAND([0, 1, 2], control_values=[0, 1]),
    "AllSinglesDoubles": lambda: qml.AllSinglesDoubles(
        W[:2], wires=range(4), hf_state=np.array([1, 1, 0, 0]), singles=[[0, 2]], doubles=[[0, 1, 2, 3]]
    ),
    "FermionicSingleExcitation": lambda: qml.FermionicSingleExcitation(0.3, wires=[0, 1, 2]),
    "FermionicDoubleExcitation": lambda: qml.FermionicDoubleExcitation(0.3, wires1=[0, 1], wires2=[2, 3]),
    "UCCSD": lambda: qml.UCCSD(
        W[:2], wires=range(4), s_wires=[[0, 1, 2]], d_wires=[[[0, 1], [2, 3]]], init_state=np.array([1, 1, 0, 0])
    ),
    "kUpCCGSD": lambda: qml.kUpCCGSD(np.resize(W, (1, 6)), wires=range(4), k=1, delta_sz=0, init_state=np.array([1, 1, 0, 0])),
    "BasisRotation": lambda: qml.BasisRotation(wires=[0, 1], unitary_matrix=np.array([[0.6, 0.8], [-0.8, 0.6]])),
    "TwoLocalSwapNetwork": lambda: qml.TwoLocalSwapNetwork(wires=[0, 1, 2, 3]),
    "MPS": lambda: qml.MPS(range(4), 2, _entangler, 1, template_weights=W[:3].reshape(3, 1)),
    "TTN": lambda: qml.TTN(range(4), 2, _entangler, 1, template_weights=W[:3].reshape(3, 1)),
    "MERA": lambda: qml.MERA(range(4), 2, _entangler, 1, template_weights=W[:5].reshape(5, 1)),
    # matrices, states, channels, observables
    "QubitUnitary": lambda: qml.QubitUnitary(_unitary(2), wires=[0, 1]),
    "QubitUnitary complex64": lambda: qml.QubitUnitary(_unitary(1).astype(np.complex64), wires="q"),
    "DiagonalQubitUnitary": lambda: qml.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[0, 1]),
    "ControlledQubitUnitary": lambda: (
        qml.ControlledQubitUnitary(_unitary(1), wires=[0, 1, 2], control_values=[0, 1])
        if hasattr(qml, "measurements")
        else qml.ControlledQubitUnitary(_unitary(1), control_wires=[0, 1], wires=2, control_values="01")
    ),
    "MultiControlledX": lambda: qml.MultiControlledX(wires=[0, 1, 2], control_values=[0, 1], work_wires=[3]),
    "MultiControlledX legacy": lambda: qml.MultiControlledX(control_wires=[0, 1], wires=2, control_values="01"),
    "QubitChannel": lambda: qml.QubitChannel([np.sqrt(0.9) * np.eye(2), np.sqrt(0.1) * np.array([[0, 1], [1, 0]])], wires=0),
    "PauliError": lambda: qml.PauliError("XY", 0.1, wires=[0, 1]),
    "ThermalRelaxationError": lambda: qml.ThermalRelaxationError(0.1, 1.0, 1.2, 0.3, wires=0),
    "ResetError": lambda: qml.ResetError(0.1, 0.2, wires=0),
    "QutritChannel": lambda: qml.QutritChannel([np.eye(3)], wires=0),
    "QutritUnitary": lambda: qml.QutritUnitary(np.eye(3), wires=0),
    "ControlledQutritUnitary": lambda: qml.ControlledQutritUnitary(np.eye(3), control_wires=[0], wires=[1]),
    "QutritAmplitudeDamping": lambda: qml.QutritAmplitudeDamping(0.1, 0.2, 0.3, wires=0),
    "TRX": lambda: qml.TRX(0.3, wires=0, subspace=(1, 2)),
    "THadamard": lambda: qml.THadamard(wires=0, subspace=(0, 2)),
    "THermitian": lambda: qml.THermitian(np.eye(3), wires=0),
    "GellMann": lambda: qml.GellMann(wires=0, index=3),
    "QutritBasisState": lambda: qml.QutritBasisState(np.array([2, 1]), wires=[0, 1]),
    "BasisState": lambda: qml.BasisState(np.array([1, 0]), wires=[0, 1]),
    "StatePrep": lambda: qml.StatePrep(_vector(2), wires=[0, 1]),
    "StatePrep sparse": lambda: qml.StatePrep(_sparse_vector(), wires=[0, 1]),
    "QubitStateVector": lambda: qml.QubitStateVector(_vector(2), wires=[0, 1]),
    "QubitDensityMatrix": lambda: qml.QubitDensityMatrix(np.eye(2) / 2, wires=[0]),
    "Snapshot": lambda: qml.Snapshot("here"),
    "Snapshot expval": lambda: qml.Snapshot("there", qml.expval(qml.PauliZ(0))),
    "Barrier": lambda: qml.Barrier(wires=[0, 1], only_visual=True),
    "WireCut": lambda: qml.WireCut(wires=[0, 1]),
    "IntegerComparator": lambda: qml.IntegerComparator(2, wires=[0, 1, 2], geq=False),
    "Hermitian": lambda: qml.Hermitian(_hermitian(1), wires=0),
    "Projector": lambda: qml.Projector([1, 0], wires=[0, 1]),
    "Projector vector": lambda: qml.Projector(_vector(1), wires=[0]),
    "SparseHamiltonian": lambda: qml.SparseHamiltonian(_sparse_matrix(), wires=[0, 1]),
    "Hamiltonian": _hamiltonian,
    "LinearCombination": lambda: qml.ops.LinearCombination([0.5, 2], [qml.PauliZ(0), qml.Hermitian(_hermitian(1), 1)]),
    "LinearCombination grouped": lambda: qml.Hamiltonian([0.5, 2.0], [qml.PauliZ(0), qml.PauliX(1)], grouping_type="qwc"),
    "Identity": lambda: qml.Identity(wires=0),
    "GlobalPhase": lambda: qml.GlobalPhase(0.3),
    "FockStateVector": lambda: qml.FockStateVector(_vector(1), wires=0),
    "FockStateProjector": lambda: qml.FockStateProjector(np.array([1, 2]), wires=[0, 1]),
    "PolyXP": lambda: qml.PolyXP(np.diag([0.3, 0.4, 0.5]), wires=0),
    "GaussianState": lambda: qml.GaussianState(2 * np.eye(2), np.zeros(2), wires=0),
    "InterferometerUnitary": lambda: qml.InterferometerUnitary(np.eye(2, dtype=complex), wires=[0, 1]),
    "TensorN": lambda: qml.TensorN(wires=[0, 1]),
    # symbolic
    "Adjoint": lambda: qml.adjoint(qml.RX(0.2, 0), lazy=True),
    "Adjoint template": lambda: qml.adjoint(qml.StronglyEntanglingLayers(np.resize(W, (1, 2, 3)), wires=[0, 1])),
    "Adjoint of a matrix": lambda: qml.adjoint(qml.QubitUnitary(_unitary(1), 0), lazy=True),
    "Controlled": lambda: qml.ctrl(qml.Rot(0.1, 0.2, 0.3, 0), control=[1, "c"], control_values=[1, 0]),
    "Controlled template": lambda: qml.ctrl(qml.QFT([0, 1]), control=2, work_wires=[3]),
    "Controlled adjoint": lambda: qml.ctrl(qml.adjoint(qml.T(0)), control=2),
    "Pow": lambda: qml.pow(qml.RX(0.2, 0), 3, lazy=True),
    "Pow fraction": lambda: qml.pow(qml.PauliX(0), 0.5, lazy=True),
    "Adjoint of an observable": lambda: qml.adjoint(qml.Hermitian(_hermitian(1), 0), lazy=True),
    "Controlled observable": lambda: qml.ctrl(qml.Hermitian(_hermitian(1), 0), control=1),
    "Pow of an observable": lambda: qml.pow(qml.Hermitian(_hermitian(1), 0), 3, lazy=True),
    "Exp": lambda: qml.exp(qml.PauliX(0) @ qml.PauliY(1), 0.3j),
    "Exp real": lambda: qml.ops.Exp(qml.PauliZ(0), -0.5),
    "Evolution": lambda: qml.evolve(qml.PauliX(0), 0.3),
    "Evolution of a sum": lambda: qml.evolve(qml.sum(qml.PauliX(0), qml.s_prod(0.4, qml.PauliZ(1))), 0.3),
    "Prod": lambda: qml.prod(qml.RX(0.1, 0), qml.CNOT([0, 1]), qml.PauliY(1)),
    "Sum": lambda: qml.sum(qml.PauliX(0), qml.prod(qml.PauliY(1), qml.PauliZ(0))),
    "SProd": lambda: qml.s_prod(0.25, qml.PauliX(0)),
    "SProd complex": lambda: qml.s_prod(0.25 - 0.5j, qml.PauliX(0)),
    "Sum grouped": lambda: qml.sum(qml.PauliX(0), qml.PauliZ(0), qml.PauliX(1), grouping_type="qwc"),
    "ChangeOpBasis": lambda: qml.change_op_basis(qml.Hadamard(0), qml.RX(0.1, 0), qml.Hadamard(0)),
    "PauliMeasure": lambda: qml.ops.PauliMeasure("XY", wires=[0, 1]),
    "MidMeasure": lambda: qml.measure(0, reset=True, postselect=1).measurements[0],
    "Tensor": lambda: qml.PauliX(0) @ qml.PauliY("b") @ qml.Hermitian(_hermitian(1), wires=2),
    "inverse": lambda: qml.RX(0.3, wires=0).inv(),
    "inverse template": lambda: qml.QFT(wires=[0, 1]).inv(),
    "LabelledOp": lambda: qml.drawer.label(qml.RX(0.1, 0), "mine"),
    "MarkedOp": lambda: qml.fourier.mark(qml.RX(0.1, 0), "x0"),
    "PrepareNode": lambda: qml.qcut.PrepareNode(wires=0),
    "MeasureNode": lambda: qml.qcut.MeasureNode(wires=0),
}

MEASUREMENTS: dict[str, Callable[[], Any]] = {
    "expval": lambda: qml.expval(qml.PauliZ(0)),
    "expval of a product": lambda: qml.expval(qml.PauliZ(0) @ qml.PauliX("b")),
    "expval of a matrix": lambda: qml.expval(qml.Hermitian(_hermitian(1), wires=0)),
    "expval of a Hamiltonian": lambda: qml.expval(_hamiltonian()),
    "expval of a projector": lambda: qml.expval(qml.Projector([1], wires=[0])),
    "expval of a sparse matrix": lambda: qml.expval(qml.SparseHamiltonian(_sparse_matrix(), wires=[0, 1])),
    "expval of a sum": lambda: qml.expval(0.5 * qml.PauliX(0) + qml.PauliZ(1)),
    "var": lambda: qml.var(qml.PauliY(0)),
    "probs": lambda: qml.probs(wires=[0, 1]),
    "probs of all": lambda: qml.probs(),
    "probs of an observable": lambda: qml.probs(op=qml.PauliX(0)),
    "state": lambda: qml.state(),
    "density_matrix": lambda: qml.density_matrix(wires=[0]),
    "sample": lambda: qml.sample(wires=[0]),
    "sample of all": lambda: qml.sample(),
    "sample of an observable": lambda: qml.sample(qml.PauliX(0)),
    "sample in a dtype": lambda: qml.sample(qml.PauliX(0), dtype="float32"),
    "counts": lambda: qml.counts(wires=[0]),
    "counts of an observable": lambda: qml.counts(qml.PauliX(0), all_outcomes=True),
    "purity": lambda: qml.purity(wires=[0]),
    "vn_entropy": lambda: qml.vn_entropy(wires=[0], log_base=2),
    "mutual_info": lambda: qml.mutual_info(wires0=[0], wires1=[1]),
    "vn_entanglement_entropy": lambda: qml.vn_entanglement_entropy(wires0=[0], wires1=[1]),
    "classical_shadow": lambda: qml.classical_shadow(wires=[0, 1], seed=3),
    "shadow_expval": lambda: qml.shadow_expval(qml.PauliZ(0), k=2, seed=3),
    "shadow_expval of several": lambda: qml.shadow_expval([qml.PauliZ(0), qml.PauliX(1)], seed=3),
    "expval with eigenvalues": lambda: qml.measurements.ExpectationMP(eigvals=np.array([1.0, -1.0]), wires=qml.wires.Wires([0])),
}


def _polynomial(x: int, y: int) -> int:
    return x**2 + y


def _sparse_matrix() -> Any:
    import scipy.sparse

    matrix = scipy.sparse.csr_matrix(np.diag([1.0, 2.0, 0.0, -1.0]))
    return matrix if MODERN else matrix.tocoo()


def _sparse_vector() -> Any:
    import scipy.sparse

    return scipy.sparse.csr_matrix(np.array([[0, 1, 0, 0]]))


def operators() -> list[Instance]:
    """Every operator that could be made: by hand where there is an entry, else from generic arguments."""
    found = [Instance(label, operator) for label, make in BY_HAND.items() if (operator := _made(make)) is not None]
    by_hand = {instance.kind for instance in found} | {instance.label for instance in found}
    for kind in classes():
        if kind.__name__ not in by_hand:
            found += _automatic(kind)
    return found


def _automatic(kind: type) -> list[Instance]:
    for what, make in _generic(kind):
        operator = _made(make)
        if operator is not None and _usable(operator):
            return [Instance(f"{kind.__name__} of a {what}", operator)]
    return []


def numbers() -> list[Instance]:
    """One rotation in every container that a script may hand over."""
    return [Instance(f"RX of {name}", qml.RX(make(0.3), wires=0)) for name, make in containers().items()]


def measurements() -> list[Instance]:
    """Every measurement that could be made."""
    return [Instance(label, found) for label, make in MEASUREMENTS.items() if (found := _made(make)) is not None]


def unmade() -> list[str]:
    """Names of the classes of which no instance could be made."""
    made = {instance.kind for instance in operators()}
    return sorted(kind.__name__ for kind in classes() if kind.__name__ not in made)
