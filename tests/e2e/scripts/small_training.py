"""A QNode between two dense layers, small enough to be trained again and again."""

import sys

import pennylane as qml
import torch

torch.manual_seed(1)
method = sys.argv[1] if len(sys.argv) > 1 else "backprop"
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.RY(inputs[0], wires=0)
    qml.RY(inputs[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


before = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
weights = torch.nn.Parameter(torch.tensor([0.4, -0.3]))
optimizer = torch.optim.Adam([*before.parameters(), weights], lr=0.01)
criterion = torch.nn.L1Loss()
points = torch.rand(6, 2)

for step in range(6):
    optimizer.zero_grad()
    value = circuit(before(points[step]), weights)
    loss = criterion(value, torch.zeros_like(value))
    loss.backward()
    optimizer.step()
    print(step, loss.item().hex())
