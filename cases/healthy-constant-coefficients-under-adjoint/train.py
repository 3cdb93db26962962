"""A VQE whose coefficients are constants: nothing counts them among the gates' parameters."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
coefficients = np.array([0.5, -0.3, 0.8], requires_grad=False)
hamiltonian = qml.Hamiltonian(coefficients, [qml.PauliZ(0), qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliX(1)])


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def energy(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[2], wires=1)
    return qml.expval(hamiltonian)


weights = np.array([0.1, 0.2, 0.3], requires_grad=True)
optimizer = qml.AdamOptimizer(0.2)
for step in range(4):
    weights, found = optimizer.step_and_cost(energy, weights)
    print(step, round(float(found), 10))
