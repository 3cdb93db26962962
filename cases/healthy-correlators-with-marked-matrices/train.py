"""A CHSH correlator under noise, and a noisy training; the observables' matrices are arrays of pennylane.numpy."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"

dev = qml.device(device, wires=2)
A = np.array([[1, 0], [0, -1]])
B = np.array([[0.6, 0.8], [0.8, -0.6]])


@qml.qnode(dev, diff_method=method)
def correlator(p):
    qml.Hadamard(0)
    qml.CNOT(wires=[0, 1])
    qml.AmplitudeDamping(p, wires=0)
    return qml.expval(qml.Hermitian(A, wires=0) @ qml.Hermitian(B, wires=1))


print(f"{float(correlator(0.1)):.9f}")


@qml.qnode(dev, diff_method=method)
def circuit(w, p):
    qml.RX(w[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.DepolarizingChannel(p, wires=0)
    qml.RY(w[1], wires=1)
    return qml.expval(qml.Hermitian(B, wires=1))


w = np.array([0.3, 0.4], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.4)
for step in range(2):
    w, value = opt.step_and_cost(lambda w: circuit(w, 0.1), w)
    print(f"step {step}: {float(value):.9f}, now {float(correlator(0.2)):.9f}")
