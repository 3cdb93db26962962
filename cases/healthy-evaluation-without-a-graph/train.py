"""Autograd: a training with constants beside the weights, evaluated after each step."""
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


X = np.array([[0.4, 0.7], [0.1, 0.9]], requires_grad=False)
Y = np.array([0.2, -0.1], requires_grad=False)


def cost(weights, xs, ys):
    return sum((circuit(x, weights) - y) ** 2 for x, y in zip(xs, ys)) / 2


weights = np.array([0.1, 0.5], requires_grad=True)
opt = qml.AdamOptimizer(0.1)
for step in range(3):
    weights, _, _ = opt.step(cost, weights, X, Y)
    print(step, [round(float(circuit(x, weights)), 6) for x in X])
