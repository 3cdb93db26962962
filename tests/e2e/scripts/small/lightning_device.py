import pennylane as qml
from pennylane import numpy as np


@qml.qnode(qml.device("lightning.qubit", wires=2), diff_method="adjoint")
def circuit(w):
    qml.RX(w, 0)
    qml.CNOT([0, 1])
    return qml.expval(qml.Z(1))


w = np.array(0.3, requires_grad=True)
print(circuit(w), qml.grad(circuit)(w))
