"""Embeddings, layers, state preparations and subroutines with arguments that they take: no signature says which.

What an older or newer PennyLane has not, or takes otherwise, is passed over when it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.ingredients import W, entangler, hamiltonian, polynomial, unitary, vector

TEMPLATES: dict[str, Callable[[], Any]] = {
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
    "MottonenStatePreparation": lambda: qml.MottonenStatePreparation(vector(2), wires=[0, 1]),
    "CosineWindow": lambda: qml.CosineWindow(wires=[0, 1]),
    "MPSPrep": lambda: qml.MPSPrep(
        [np.array([[0.0, 0.107], [0.994, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])], wires=[0, 1], work_wires=[2]
    ),
    "SumOfSlatersPrep": lambda: qml.SumOfSlatersPrep(np.array([0.6, 0.8]), wires=[0, 1, 2], indices=[1, 6]),
    "QROMStatePreparation": lambda: qml.QROMStatePreparation(vector(2), wires=[0, 1], precision_wires=[2, 3, 4], work_wires=[5]),
    "Superposition": lambda: qml.Superposition(np.sqrt([0.5, 0.5]), np.array([[1, 1, 1], [0, 0, 0]]), wires=[0, 1, 2], work_wire=3),
    "QutritBasisStatePreparation": lambda: qml.QutritBasisStatePreparation([0, 2], wires=[0, 1]),
    # subroutines
    "ApproxTimeEvolution": lambda: qml.ApproxTimeEvolution(hamiltonian(), 0.3, 2),
    "CommutingEvolution": lambda: qml.CommutingEvolution(qml.Hamiltonian([1.5, 2.0], [qml.PauliX(0), qml.PauliX(1)]), 0.3),
    "CommutingEvolution frequencies": lambda: qml.CommutingEvolution(
        qml.Hamiltonian([1.5, 2.0], [qml.PauliX(0), qml.PauliX(1)]), 0.3, frequencies=(2, 4), shifts=(0.5, 1.0)
    ),
    "TrotterProduct": lambda: qml.TrotterProduct(hamiltonian(), time=0.4, order=2, n=2),
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
    "QuantumPhaseEstimation": lambda: qml.QuantumPhaseEstimation(unitary(1), target_wires=[0], estimation_wires=[1, 2]),
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
    "OutPoly": lambda: qml.OutPoly(polynomial, input_registers=[[0, 1], [2, 3]], output_wires=[4, 5, 6], mod=7, work_wires=[7, 8]),
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
    "MPS": lambda: qml.MPS(range(4), 2, entangler, 1, template_weights=W[:3].reshape(3, 1)),
    "TTN": lambda: qml.TTN(range(4), 2, entangler, 1, template_weights=W[:3].reshape(3, 1)),
    "MERA": lambda: qml.MERA(range(4), 2, entangler, 1, template_weights=W[:5].reshape(5, 1)),
}
"""Label and maker of each."""
