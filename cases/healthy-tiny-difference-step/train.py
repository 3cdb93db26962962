"""Finite differences with a step of 1e-9 in float64."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method="finite-diff", gradient_kwargs={"h": 1e-9, "approx_order": 1})
def f(p):
    for i in range(3):
        qml.RX(p[i], i)
    qml.CNOT([0, 1])
    qml.CNOT([1, 2])
    return qml.expval(qml.Z(2))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
