"""scipy drives, autograd hands it the gradients; no optimiser of PennyLane is there."""

import pennylane as qml
from pennylane import numpy as np
from scipy.optimize import minimize


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(x):
    qml.RX(x[0], wires=0)
    qml.RY(x[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(x[2], wires=0)
    return qml.expval(qml.PauliZ(0))


def cost(x):
    return (circuit(x) - 0.5) ** 2


start = np.array([0.3, 0.2, 0.4], requires_grad=True)
found = minimize(cost, start, method="BFGS", jac=qml.grad(cost, argnums=0), options={"maxiter": 4})
print(f"{float(found.fun):.9f} after {found.nit} iterations")
