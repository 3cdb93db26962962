"""Healthy: ten QNodes that read a number of the loop around them, and a weight that is moved in place between the steps."""

import pennylane as qml
import torch

torch.set_default_dtype(torch.float64)
scale = 0.0


def made():
    def circuit(x, w):
        qml.RX(x * scale, wires=0)
        qml.RY(w, wires=1)
        if scale > 0.55:
            qml.CNOT(wires=[0, 1])
        return qml.expval(qml.PauliZ(1))

    return qml.QNode(circuit, qml.device("default.qubit", wires=2), interface="torch", diff_method="backprop")


qnodes = [made() for _ in range(10)]
w = torch.tensor(0.4, requires_grad=True)
for step in range(2):
    results = []
    for k, qnode in enumerate(qnodes):
        scale = 0.1 * (k + 1)
        results.append(qnode(torch.tensor(0.3), w))
    scale = 5.0
    sum(results).backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    print(w.item())
