"""A learned state and a learned gate, both given by complex numbers."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=1)


def gate(a, b):
    return np.array([[np.cos(a), -np.exp(1j * b) * np.sin(a)], [np.exp(-1j * b) * np.sin(a), np.cos(a)]])


@qml.qnode(dev, interface="autograd", diff_method=method)
def circuit(w):
    qml.StatePrep(np.array([np.cos(w[0]) * np.exp(1j * w[1]), np.sin(w[0])]), wires=0)
    qml.RX(0.4, wires=0)
    qml.QubitUnitary(gate(w[2], w[3]), wires=0)
    return qml.expval(qml.PauliZ(0))


weights = np.array([0.3, 0.7, 0.5, 0.2], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.3)
for step in range(2):
    weights, value = optimizer.step_and_cost(circuit, weights)
    print(f"step {step}: {float(value):.9f}")
