"""SPSA: two values along a drawn direction stand for the gradient; the angles are plain numbers to the circuit."""

import pennylane as qml
from pennylane import numpy as np

np.random.seed(79)


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(angles):
    qml.RX(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


angles = np.array([0.4, 0.7], requires_grad=True)
optimizer = qml.SPSAOptimizer(maxiter=5)
for step in range(5):
    angles, value = optimizer.step_and_cost(circuit, angles)
    print(f"step {step}: {float(value):.9f}")
