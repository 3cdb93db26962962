"""A classifier of two features whose loss is made of the signs of its predictions."""

import pennylane as qml
from pennylane import numpy as np

features = np.array([[0.3, 1.1], [1.9, 0.4], [2.6, 2.2]], requires_grad=False)
labels = np.array([1, -1, 1], requires_grad=False)


@qml.qnode(qml.device("default.qubit", wires=2))
def predict(weights, x):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


def cost(weights):
    found = np.stack([np.sign(predict(weights, x)) for x in features])
    return np.mean((found - labels) ** 2)


weights = np.array([0.4, 0.9], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.3)
for epoch in range(3):
    weights = optimizer.step(cost, weights)
    print(epoch, float(cost(weights)), weights)
