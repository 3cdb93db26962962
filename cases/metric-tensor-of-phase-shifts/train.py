"""A natural gradient by the full metric tensor of a circuit with a phase gate, whose generator is a projector."""
import pennylane as qml
from pennylane import numpy as np

dev = qml.device("default.qubit", wires=3)


@qml.qnode(dev, diff_method="parameter-shift")
def cost(weights):
    qml.RY(0.5, wires=0)
    qml.RY(0.7, wires=1)
    qml.CNOT(wires=[0, 1])
    qml.PhaseShift(weights[0], wires=0)
    qml.RX(weights[1], wires=0)
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = np.array([0.3, 0.8], requires_grad=True)
for step in range(2):
    metric = qml.metric_tensor(cost)(weights)
    slopes = qml.grad(cost)(weights)
    weights = weights - 0.1 * np.linalg.solve(metric + 0.01 * np.eye(2), slopes)
    print(step, cost(weights))
