"""A kernel of overlaps, trained by its alignment with the labels; the diagonal is not differentiated."""

import pennylane as qml
from pennylane import numpy as np


def embed(x, weights):
    qml.RY(weights[0] * x[0], wires=0)
    qml.RY(weights[1] * x[1], wires=1)
    qml.CRX(weights[2], wires=[0, 1])


@qml.qnode(qml.device("default.qubit", wires=2))
def overlap(a, b, weights):
    embed(a, weights)
    qml.adjoint(embed)(b, weights)
    return qml.probs(wires=[0, 1])


def alignment(weights):
    total, norm = 0.0, 0.0
    for i in range(3):
        for j in range(i):
            entry = overlap(xs[i], xs[j], weights)[0]
            total, norm = total + entry * ys[i] * ys[j], norm + entry**2
    return -total / np.sqrt(norm)


xs = np.array([[0.2, 0.9], [1.3, 0.4], [0.7, 1.6]], requires_grad=False)
ys = [1, -1, 1]
weights = np.array([0.8, 1.1, 0.5], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.1)
for step in range(3):
    weights, value = optimizer.step_and_cost(alignment, weights)
    print(f"step {step}: {float(value):.9f}")
