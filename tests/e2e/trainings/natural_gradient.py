"""Quantum natural gradient on default.qubit: circuits of the metric tensor run beside those of the energy."""

import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(angles):
    qml.RX(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(angles[2], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


angles = np.array([0.4, 0.7, 0.3], requires_grad=True)
optimizer = qml.QNGOptimizer(0.1)
for step in range(3):
    angles, value = optimizer.step_and_cost(circuit, angles)
    print(f"step {step}: {float(value):.9f}")
