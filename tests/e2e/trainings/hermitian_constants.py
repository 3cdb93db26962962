"""Observables given by matrices of pennylane.numpy, real, complex and of integers: constants, though nobody says so."""

import pennylane as qml
from pennylane import numpy as np

real = np.array([[0.8, 0.3], [0.3, -0.5]])
imaginary = np.array([[0.2, 0.4j], [-0.4j, 0.6]])
whole = np.kron([[1, 0], [0, -1]], [[1, 0], [0, -1]])


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(angles):
    qml.RX(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Hermitian(real, wires=0)), qml.expval(qml.Hermitian(imaginary, wires=1))


@qml.qnode(qml.device("default.qubit", wires=2))
def parity(angles):
    qml.RX(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    return qml.expval(qml.Hermitian(whole, wires=[0, 1]))


angles = np.array([0.7, 0.4], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.2)
for step in range(3):
    angles, value = optimizer.step_and_cost(lambda a: sum(circuit(a)) + 0.5 * parity(a), angles)
    print(f"step {step}: {float(value):.9f}")
