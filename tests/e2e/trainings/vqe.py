"""The lowest energy of a small Hamiltonian by plain gradient descent under autograd."""

import pennylane as qml
from pennylane import numpy as np

energies = qml.Hamiltonian([0.4, -0.7, 0.3], [qml.PauliZ(0), qml.PauliX(0) @ qml.PauliX(1), qml.PauliZ(1)])


@qml.qnode(qml.device("default.qubit", wires=2))
def energy(angles):
    for layer in angles:
        qml.RY(layer[0], wires=0)
        qml.RY(layer[1], wires=1)
        qml.CNOT(wires=[0, 1])
    return qml.expval(energies)


angles = np.array([[0.3, 0.9], [0.5, 0.1]], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.2)
for step in range(4):
    angles, value = optimizer.step_and_cost(energy, angles)
    print(f"step {step}: {float(value):.9f}")
