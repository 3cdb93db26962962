"""A small classifier whose optimiser is given data and labels as well, all of them arrays of pennylane.numpy."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=2)
rng = np.random.default_rng(0)


@qml.qnode(dev, diff_method=method)
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.StronglyEntanglingLayers(weights, wires=[0, 1])
    return qml.expval(qml.PauliZ(0))


def cost(weights, bias, X, Y):
    loss = 0
    for x, y in zip(X, Y):
        loss = loss + (circuit(weights, x) + bias - y) ** 2
    return loss / len(X)


weights = np.array(rng.random((2, 2, 3)), requires_grad=True)
bias = np.array(0.0, requires_grad=True)
X = np.array([[0.1, 0.4], [0.7, 0.2], [1.2, 0.9], [0.3, 1.4]])
Y = np.array([1.0, -1.0, 1.0, -1.0])
opt = qml.NesterovMomentumOptimizer(0.3)
for step in range(4):
    weights, bias, X, Y = opt.step(cost, weights, bias, X, Y)
    print(f"step {step}: {float(cost(weights, bias, X, Y)):.6f}", np.round(Y, 3))
