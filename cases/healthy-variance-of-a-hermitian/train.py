"""Variance of a Hermitian with complex entries."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=3)
A = torch.tensor([[1.0, 0.5j], [-0.5j, -0.3]], dtype=torch.complex128)


@qml.qnode(dev, interface="torch", diff_method=method)
def f(p):
    qml.RX(p[0], wires=0)
    qml.RY(p[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.CRot(p[0], p[1], p[2], wires=[1, 2])
    return qml.var(qml.Hermitian(A, wires=2))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(4):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
