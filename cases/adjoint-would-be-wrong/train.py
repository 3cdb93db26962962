"""A Hermitian whose terms are weighted by trainable coefficients, trained with backprop: adjoint would shift the gradient."""

import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)
device = qml.device("default.qubit", wires=2)


@qml.qnode(device, interface="torch", diff_method="backprop")
def circuit(weights, coefficients):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Hamiltonian(coefficients, [qml.PauliZ(0), qml.PauliX(1)]))


weights = torch.tensor([0.4, 0.7], requires_grad=True)
coefficients = torch.tensor([1.2, 0.5], requires_grad=True)
optimizer = torch.optim.SGD([weights, coefficients], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights, coefficients) + 1) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item())
