"""One QNode learns, another is kept within a margin, a third is only looked at."""

import pennylane as qml
import torch

torch.manual_seed(2)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def learns(weights):
    qml.RY(weights[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


@qml.qnode(dev, interface="torch", diff_method="backprop")
def margin(weights):
    qml.RY(0.1 * weights[0], wires=0)
    return qml.expval(qml.PauliZ(0))


@qml.qnode(dev, interface="torch", diff_method="backprop")
def extra(weights):
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliY(1))


weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    penalty = torch.relu(0.5 - margin(weights))
    loss = learns(weights) + 10 * penalty + 0.0 * extra(weights)
    loss.backward()
    optimizer.step()
    print(step, loss.item(), penalty.item())
