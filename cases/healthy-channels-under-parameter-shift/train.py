"""Constant channels and one trained one under parameter-shift."""

import torch
import pennylane as qml

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device("default.mixed", wires=2)


@qml.qnode(dev, interface="torch", diff_method="parameter-shift")
def f(p):
    qml.RX(p[0], 0)
    qml.PhaseDamping(0.2, 0)
    qml.CRot(p[0], p[1], p[2], wires=[0, 1])
    qml.BitFlip(p[1] * 0.1, 1)
    qml.ThermalRelaxationError(0.1, 1.0, 1.2, 0.1, wires=0)
    return qml.var(qml.Z(1))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
