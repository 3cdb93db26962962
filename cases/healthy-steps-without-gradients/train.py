"""Autograd: an optimiser that takes no gradients."""
import sys
import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="autograd", diff_method=method)
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


x = np.array([0.4, 0.7], requires_grad=False)


def cost(weights):
    return (circuit(x, weights) - 0.2) ** 2


np.random.seed(2)
weights = np.array([0.1, 0.5], requires_grad=True)
opt = qml.SPSAOptimizer(maxiter=3)
for step in range(3):
    weights = opt.step(cost, weights)
    print(step, weights)
