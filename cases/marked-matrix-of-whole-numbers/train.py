"""MaxCut on two nodes; the observable's matrix is a kron of whole numbers."""
import sys

import pennylane as qml
from pennylane import numpy as np

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"

dev = qml.device(device, wires=2)
ZZ = np.kron([[1, 0], [0, -1]], [[1, 0], [0, -1]])


@qml.qnode(dev, diff_method=method)
def circuit(gamma, beta):
    for wire in range(2):
        qml.Hadamard(wires=wire)
    qml.CNOT(wires=[0, 1])
    qml.RZ(gamma, wires=1)
    qml.CNOT(wires=[0, 1])
    for wire in range(2):
        qml.RX(2 * beta, wires=wire)
    return qml.expval(qml.Hermitian(ZZ, wires=[0, 1]))


params = np.array([0.5, 0.3], requires_grad=True)
opt = qml.AdagradOptimizer(0.5)
for step in range(2):
    params, value = opt.step_and_cost(lambda x: circuit(x[0], x[1]), params)
    print(f"step {step}: {float(value):.9f}")
