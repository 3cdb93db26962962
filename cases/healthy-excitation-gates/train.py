"""Excitation gates of quantum chemistry, one of them controlled."""

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
    qml.BasisState([1, 1, 0, 0], wires=range(4))
    qml.DoubleExcitation(p[0], wires=range(4))
    qml.SingleExcitation(p[1], wires=[1, 3])
    qml.ctrl(qml.SingleExcitation, control=0)(p[2], wires=[1, 2])
    qml.OrbitalRotation(p[3], wires=range(4))
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(2) + qml.PauliY(0) @ qml.PauliX(1) @ qml.PauliX(2) @ qml.PauliY(3))


p = torch.rand(4, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(4):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
