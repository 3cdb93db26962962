"""A natural gradient where the QNode's own method does not take the circuits that make the metric tensor."""
import pennylane as qml
from pennylane import numpy as np

dev = qml.device("lightning.qubit", wires=2)


@qml.qnode(dev, diff_method="adjoint")
def cost(weights):
    qml.RX(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliX(0) @ qml.PauliZ(1))


weights = np.array([0.4, 0.7], requires_grad=True)
plain, natural = qml.GradientDescentOptimizer(0.1), qml.QNGOptimizer(0.1)
weights, value = plain.step_and_cost(cost, weights)
print(value)
weights, value = natural.step_and_cost(cost, weights)
print(value)
