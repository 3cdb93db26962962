"""Weights and a bias, data marked as constant, Nesterov momentum, the sign of the prediction for the accuracy only."""

import pennylane as qml
from pennylane import numpy as np

rng = np.random.default_rng(1)


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.StronglyEntanglingLayers(weights, wires=[0, 1])
    return qml.expval(qml.PauliZ(0))


def cost(weights, bias, xs, ys):
    predictions = [circuit(weights, x) + bias for x in xs]
    return np.mean((qml.math.stack(predictions) - ys) ** 2)


xs = np.array(rng.uniform(0, 3, (4, 2)), requires_grad=False)
ys = np.array([1.0, -1.0, 1.0, -1.0], requires_grad=False)
weights, bias = np.array(rng.uniform(0, 1, (1, 2, 3)), requires_grad=True), np.array(0.0, requires_grad=True)
optimizer = qml.NesterovMomentumOptimizer(0.2)
for step in range(2):
    weights, bias, _, _ = optimizer.step(cost, weights, bias, xs, ys)
    right = np.mean(np.sign([circuit(weights, x) + bias for x in xs]) == ys)
    print(f"step {step}: loss {float(cost(weights, bias, xs, ys)):.9f}, right {float(right):.2f}")
