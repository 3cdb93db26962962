"""A natural gradient of an energy whose coefficients are an array of pennylane.numpy."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
dev = qml.device(device, wires=5)
coefficients = np.array([0.4, -0.3, 0.2])
H = qml.Hamiltonian(coefficients, [qml.PauliZ(0), qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliX(2)])


@qml.qnode(dev, diff_method=method)
def energy(params):
    qml.BasisState(np.array([1, 1, 0, 0], requires_grad=False), wires=range(4))
    qml.DoubleExcitation(params[0], wires=range(4))
    qml.RY(params[1], wires=2)
    return qml.expval(H)


opt = qml.QNGOptimizer(0.1)
params = np.array([0.2, 0.5], requires_grad=True)
for step in range(3):
    params, value = opt.step_and_cost(energy, params)
    print(f"step {step}: {float(value):.6f}")
