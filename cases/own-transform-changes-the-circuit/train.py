"""A transform of the user's own that scales every RX: perhaps on purpose, perhaps not."""
import pennylane as qml
from pennylane import numpy as np

dev = qml.device("default.qubit", wires=2)


@qml.transform
def over_rotated(tape):
    changed = [qml.RX(1.1 * op.data[0], op.wires) if op.name == "RX" else op for op in tape.operations]
    return [tape.copy(operations=changed)], lambda results: results[0]


@over_rotated
@qml.qnode(dev, diff_method="backprop")
def cost(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = np.array([0.4, 0.9], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.2)
for step in range(2):
    weights, value = opt.step_and_cost(cost, weights)
    print(step, value)
