"""A gate with three angles and no shift rule of its own."""

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
    qml.RX(p[0], 0)
    qml.SpecialUnitary(p[1:4], wires=1)
    qml.CNOT([0, 1])
    qml.PSWAP(p[2], wires=[1, 2])
    qml.PhaseShift(p[3], 2)
    return qml.expval(qml.Z(0) @ qml.X(2))


p = torch.rand(4, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
