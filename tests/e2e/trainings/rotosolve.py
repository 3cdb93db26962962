"""Rotosolve asks for values only; no gradient is ever taken."""

import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(angles):
    qml.RX(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(angles[2], wires=1)
    return qml.expval(qml.PauliZ(1))


angles = np.array([0.4, 0.7, 0.3], requires_grad=True)
optimizer = qml.RotosolveOptimizer()
for step in range(2):
    angles, value = optimizer.step_and_cost(circuit, angles, nums_frequency={"angles": {(0,): 1, (1,): 1, (2,): 1}})
    print(f"step {step}: {float(value):.9f}")
