"""Matrices, states, channels, observables and symbolic operators with arguments that they take (see `templates_by_hand`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.space.ingredients import W, hamiltonian, hermitian, sparse_matrix, sparse_vector, unitary, vector

OPERATORS: dict[str, Callable[[], Any]] = {
    # matrices, states, channels, observables
    "QubitUnitary": lambda: qml.QubitUnitary(unitary(2), wires=[0, 1]),
    "QubitUnitary complex64": lambda: qml.QubitUnitary(unitary(1).astype(np.complex64), wires="q"),
    "DiagonalQubitUnitary": lambda: qml.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), wires=[0, 1]),
    "ControlledQubitUnitary": lambda: (
        qml.ControlledQubitUnitary(unitary(1), wires=[0, 1, 2], control_values=[0, 1])
        if hasattr(qml, "measurements")
        else qml.ControlledQubitUnitary(unitary(1), control_wires=[0, 1], wires=2, control_values="01")
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
    "StatePrep": lambda: qml.StatePrep(vector(2), wires=[0, 1]),
    "StatePrep sparse": lambda: qml.StatePrep(sparse_vector(), wires=[0, 1]),
    "QubitStateVector": lambda: qml.QubitStateVector(vector(2), wires=[0, 1]),
    "QubitDensityMatrix": lambda: qml.QubitDensityMatrix(np.eye(2) / 2, wires=[0]),
    "Snapshot": lambda: qml.Snapshot("here"),
    "Snapshot expval": lambda: qml.Snapshot("there", qml.expval(qml.PauliZ(0))),
    "Barrier": lambda: qml.Barrier(wires=[0, 1], only_visual=True),
    "WireCut": lambda: qml.WireCut(wires=[0, 1]),
    "IntegerComparator": lambda: qml.IntegerComparator(2, wires=[0, 1, 2], geq=False),
    "Hermitian": lambda: qml.Hermitian(hermitian(1), wires=0),
    "Projector": lambda: qml.Projector([1, 0], wires=[0, 1]),
    "Projector vector": lambda: qml.Projector(vector(1), wires=[0]),
    "SparseHamiltonian": lambda: qml.SparseHamiltonian(sparse_matrix(), wires=[0, 1]),
    "Hamiltonian": hamiltonian,
    "LinearCombination": lambda: qml.ops.LinearCombination([0.5, 2], [qml.PauliZ(0), qml.Hermitian(hermitian(1), 1)]),
    "LinearCombination grouped": lambda: qml.Hamiltonian([0.5, 2.0], [qml.PauliZ(0), qml.PauliX(1)], grouping_type="qwc"),
    "Identity": lambda: qml.Identity(wires=0),
    "GlobalPhase": lambda: qml.GlobalPhase(0.3),
    "FockStateVector": lambda: qml.FockStateVector(vector(1), wires=0),
    "FockStateProjector": lambda: qml.FockStateProjector(np.array([1, 2]), wires=[0, 1]),
    "PolyXP": lambda: qml.PolyXP(np.diag([0.3, 0.4, 0.5]), wires=0),
    "GaussianState": lambda: qml.GaussianState(2 * np.eye(2), np.zeros(2), wires=0),
    "InterferometerUnitary": lambda: qml.InterferometerUnitary(np.eye(2, dtype=complex), wires=[0, 1]),
    "TensorN": lambda: qml.TensorN(wires=[0, 1]),
    # symbolic
    "Adjoint": lambda: qml.adjoint(qml.RX(0.2, 0), lazy=True),
    "Adjoint template": lambda: qml.adjoint(qml.StronglyEntanglingLayers(np.resize(W, (1, 2, 3)), wires=[0, 1])),
    "Adjoint of a matrix": lambda: qml.adjoint(qml.QubitUnitary(unitary(1), 0), lazy=True),
    "Controlled": lambda: qml.ctrl(qml.Rot(0.1, 0.2, 0.3, 0), control=[1, "c"], control_values=[1, 0]),
    "Controlled template": lambda: qml.ctrl(qml.QFT([0, 1]), control=2, work_wires=[3]),
    "Controlled adjoint": lambda: qml.ctrl(qml.adjoint(qml.T(0)), control=2),
    "Pow": lambda: qml.pow(qml.RX(0.2, 0), 3, lazy=True),
    "Pow fraction": lambda: qml.pow(qml.PauliX(0), 0.5, lazy=True),
    "Adjoint of an observable": lambda: qml.adjoint(qml.Hermitian(hermitian(1), 0), lazy=True),
    "Controlled observable": lambda: qml.ctrl(qml.Hermitian(hermitian(1), 0), control=1),
    "Pow of an observable": lambda: qml.pow(qml.Hermitian(hermitian(1), 0), 3, lazy=True),
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
    "Tensor": lambda: qml.PauliX(0) @ qml.PauliY("b") @ qml.Hermitian(hermitian(1), wires=2),
    "inverse": lambda: qml.RX(0.3, wires=0).inv(),
    "inverse template": lambda: qml.QFT(wires=[0, 1]).inv(),
    "LabelledOp": lambda: qml.drawer.label(qml.RX(0.1, 0), "mine"),
    "MarkedOp": lambda: qml.fourier.mark(qml.RX(0.1, 0), "x0"),
    "PrepareNode": lambda: qml.qcut.PrepareNode(wires=0),
    "MeasureNode": lambda: qml.qcut.MeasureNode(wires=0),
}
"""Label and maker of each."""
