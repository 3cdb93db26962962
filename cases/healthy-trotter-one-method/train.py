"""Trotterised evolution that backprop alone can differentiate."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def f(p):
    qml.Hadamard(0)
    H = qml.dot([p[0], 0.3], [qml.X(0) @ qml.Z(1), qml.Y(1)])
    qml.TrotterProduct(H, time=p[1], n=2, order=2)
    qml.RX(p[2], 2)
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
