"""The derivative of the circuit by its input is part of the loss; backprop differentiates it once more."""

import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")
def u(x, weights):
    qml.RY(x, wires=0)
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(x, wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.nn.Parameter(torch.tensor([0.5, 0.3]))
optimizer = torch.optim.Adam([weights], lr=0.05)
for step in range(2):
    optimizer.zero_grad()
    loss = (u(torch.zeros(()), weights) - 0.9) ** 2
    for point in (0.2, 0.7):
        x = torch.tensor(point, requires_grad=True)
        value = u(x, weights)
        (slope,) = torch.autograd.grad(value, x, create_graph=True)
        loss = loss + (slope + value) ** 2
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")
