"""A noisy device: channels of fixed strength between trained rotations."""

import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("default.mixed", wires=2))
def circuit(angles):
    qml.RY(angles[0], wires=0)
    qml.RX(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    for wire in range(2):
        qml.DepolarizingChannel(0.05, wires=wire)
        qml.AmplitudeDamping(0.1, wires=wire)
    qml.RY(angles[2], wires=1)
    return qml.expval(qml.PauliZ(1))


angles = np.array([0.4, 0.9, 0.2], requires_grad=True)
optimizer = qml.MomentumOptimizer(0.2)
for step in range(3):
    angles, value = optimizer.step_and_cost(circuit, angles)
    print(f"step {step}: {float(value):.9f}")
