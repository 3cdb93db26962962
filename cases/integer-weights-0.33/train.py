"""Weights that start as whole numbers: their gradient is cut to whole numbers, too, and the first step is lost."""

import sys

import pennylane as qml
from pennylane import numpy as np

device = qml.device(sys.argv[1], wires=1)


@qml.qnode(device, interface="autograd", diff_method=sys.argv[2])
def circuit(weights):
    qml.RX(0.9, wires=0)
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=0)
    return qml.expval(qml.PauliY(0)), qml.expval(qml.PauliZ(0))


def cost(weights):
    return np.sum((np.stack(circuit(weights)) - np.array([0.2, -0.4], requires_grad=False)) ** 2)


weights = np.array([1, 2], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.1)
for step in range(3):
    weights, value = optimizer.step_and_cost(cost, weights)
    print(step, float(value), [float(weight) for weight in weights])
