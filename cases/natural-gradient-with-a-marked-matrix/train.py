"""Natural gradients by hand: the metric of the ansatz, the slope of a Hermitian whose matrix is an array of pennylane.numpy."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=2)
H = np.array([[0.5, 0.2], [0.2, -0.5]])


def ansatz(w):
    qml.RY(0.4, wires=0)
    qml.RZ(w[0], wires=0)
    qml.RY(w[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[2], wires=0)


@qml.qnode(dev, diff_method=method)
def energy(w):
    ansatz(w)
    return qml.expval(qml.Hermitian(H, wires=0))


@qml.qnode(dev, diff_method=method)
def state(w):
    ansatz(w)
    return qml.expval(qml.PauliZ(0))


weights = np.array([0.432, -0.123, 0.543], requires_grad=True)
metric = qml.metric_tensor(state, approx="block-diag")
for step in range(2):
    slope = qml.grad(energy)(weights)
    weights = weights - 0.1 * np.linalg.solve(np.array(metric(weights)) + 0.1 * np.eye(3), slope)
    print(f"step {step}: {float(energy(weights)):.9f}")
