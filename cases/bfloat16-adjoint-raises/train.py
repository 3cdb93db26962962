"""A circuit whose weights are bfloat16, differentiated by adjoint."""

import pennylane as qml
import torch


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.4, 0.9], dtype=torch.bfloat16, requires_grad=True)
circuit(weights).backward()
print(weights.grad)
