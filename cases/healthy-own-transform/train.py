"""A transform of the user's own that takes neighbouring Hadamards out, together with one of PennyLane's."""
import pennylane as qml
from pennylane import numpy as np

dev = qml.device("default.qubit", wires=2)


@qml.transform
def without_pairs(tape):
    kept = []
    for operation in tape.operations:
        if kept and operation.name == kept[-1].name == "Hadamard" and operation.wires == kept[-1].wires:
            kept.pop()
        else:
            kept.append(operation)
    return [tape.copy(operations=kept)], lambda results: results[0]


@without_pairs
@qml.transforms.merge_rotations
@qml.qnode(dev, diff_method="backprop")
def cost(weights):
    qml.RX(weights[1], wires=0)
    qml.RX(weights[0], wires=0)
    qml.Hadamard(wires=1)
    qml.Hadamard(wires=1)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = np.array([0.4, 0.9], requires_grad=True)
opt = qml.GradientDescentOptimizer(0.2)
for step in range(2):
    weights, value = opt.step_and_cost(cost, weights)
    print(step, value)
