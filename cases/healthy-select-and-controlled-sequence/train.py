"""Operators chosen by control wires."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=4)


@qml.qnode(dev, interface="torch", diff_method=method)
def f(p):
    qml.Hadamard(0)
    qml.Hadamard(1)
    qml.Select([qml.RX(p[0], 2), qml.RY(p[1], 2), qml.IsingXX(p[2], [2, 3]), qml.RZ(p[0], 3)], control=[0, 1])
    qml.ControlledSequence(qml.RX(p[1], 3), control=[0, 1])
    return qml.expval(qml.Z(2) @ qml.Z(3))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
