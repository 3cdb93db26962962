"""The reduced state of one wire is driven towards a mixed target."""

import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(weights):
    qml.RY(weights[0], wires=0)
    qml.CRX(weights[1], wires=[0, 1])
    qml.RX(weights[2], wires=0)
    return qml.density_matrix(wires=0)


weights = torch.nn.Parameter(torch.tensor([0.6, 0.8, 0.3]))
target = torch.tensor([[0.6, 0.1], [0.1, 0.4]], dtype=torch.complex128)
optimizer = torch.optim.SGD([weights], lr=0.3)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights) - target).abs().square().sum()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")
