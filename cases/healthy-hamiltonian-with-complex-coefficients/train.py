"""A fermionic Hamiltonian on lightning.qubit: the Jordan-Wigner mapping gives coefficients of a complex type, none of them complex."""
import pennylane as qml
from pennylane import numpy as np

hopping = qml.FermiC(0) * qml.FermiA(1) + qml.FermiC(1) * qml.FermiA(0)
hamiltonian = qml.jordan_wigner(0.5 * hopping + 0.3 * qml.FermiC(1) * qml.FermiA(1)).simplify()


@qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
def energy(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[1], wires=1)
    return qml.expval(hamiltonian)


weights = np.array([0.1, 0.2], requires_grad=True)
optimizer = qml.GradientDescentOptimizer(0.4)
for step in range(3):
    weights, loss = optimizer.step_and_cost(energy, weights)
    print(step, loss)
