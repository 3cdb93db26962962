"""A dressed circuit whose weights are plain numpy numbers, as scripts wrote them when everything was trainable."""
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


import numpy

rng = numpy.random.default_rng(4)
X, Y = rng.uniform(0, 1, (3, 2)), rng.uniform(-1, 1, 3)


def cost(weights):
    return sum((circuit(x, weights) - y) ** 2 for x, y in zip(X, Y)) / 3


weights = rng.uniform(0, 3, 2)
opt = qml.AdamOptimizer(0.1)
for step in range(3):
    weights, loss = opt.step_and_cost(cost, weights)
    print(step, float(loss))
