"""Many QNodes, each called once before the first step: one of them loses a gradient, and two are called last of all."""

import pennylane as qml
import torch


def made(k):
    def circuit(x, w):
        angle = w.item() if k == 6 else w
        qml.RX(x, wires=0)
        qml.RY(angle * x, wires=0)
        return qml.expval(qml.PauliZ(0))

    return qml.QNode(circuit, qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")


qnodes = [made(k) for k in range(10)]
weights = torch.full((10,), 0.4, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    sum(qnode(torch.tensor(0.7), weights[k]) for k, qnode in enumerate(qnodes)).backward()
    optimizer.step()
last = [made(10), made(11)]
print(sum(float(qnode(torch.tensor(0.7), torch.tensor(0.1, requires_grad=True))) for qnode in last))
