"""Purity and a coherence of a returned density matrix."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def g(p):
    qml.RX(p[0], 0)
    qml.RY(p[1], 1)
    qml.CNOT([0, 1])
    qml.RZ(p[2], 1)
    qml.CRY(p[0], wires=[1, 2])
    return qml.density_matrix([1, 2])


def f(p):
    rho = g(p)
    return torch.real(torch.trace(rho @ rho)) + torch.imag(rho[0, 1])


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
