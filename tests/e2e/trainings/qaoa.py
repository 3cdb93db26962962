"""Max-Cut on a path of three nodes with the layers of qml.qaoa; the objective is the cost Hamiltonian, not each node alone."""

import pennylane as qml
from pennylane import numpy as np

cut = qml.Hamiltonian([0.5, 0.5], [qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliZ(1) @ qml.PauliZ(2)])
mixer = qml.qaoa.x_mixer(range(3))


@qml.qnode(qml.device("default.qubit", wires=3))
def cost(angles):
    for wire in range(3):
        qml.Hadamard(wires=wire)
    for gamma, alpha in zip(angles[0], angles[1]):
        qml.qaoa.cost_layer(gamma, cut)
        qml.qaoa.mixer_layer(alpha, mixer)
    return qml.expval(cut)


angles = np.array([[0.4, 0.7], [0.6, 0.2]], requires_grad=True)
optimizer = qml.AdamOptimizer(0.1)
for step in range(3):
    angles, value = optimizer.step_and_cost(cost, angles)
    print(f"step {step}: {float(value):.9f}")
