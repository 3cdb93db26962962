"""Quantised predictions with a straight-through gradient, and an accuracy of signs."""

import pennylane as qml
import torch

torch.manual_seed(2)
inputs = torch.rand(4, 2, dtype=torch.float64)
labels = torch.tensor([1.0, -1.0, 1.0, -1.0], dtype=torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.Adam([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    outputs = torch.stack([circuit(x, weights) for x in inputs])
    quantised = outputs + (torch.round(4 * outputs) / 4 - outputs).detach()
    loss = ((quantised - labels) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item(), (torch.sign(outputs) == labels).double().mean().item())
