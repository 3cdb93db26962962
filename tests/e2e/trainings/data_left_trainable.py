"""Data of pennylane.numpy that nobody marked as constant: the closure hands only the weights to the optimiser."""

import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(weights, x):
    qml.RY(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


xs, ys = np.array([[0.3, 1.1], [0.9, 0.2], [1.7, 0.8]]), np.array([0.4, 0.6, -0.3])
weights = np.array([0.5, 0.8], requires_grad=True)
optimizer = qml.RMSPropOptimizer(0.05)
for step in range(3):
    weights, value = optimizer.step_and_cost(lambda w: sum((circuit(w, x) - y) ** 2 for x, y in zip(xs, ys)), weights)
    print(f"step {step}: {float(value):.9f}")
