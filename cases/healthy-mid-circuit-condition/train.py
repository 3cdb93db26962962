"""A gate conditioned on a mid-circuit measurement."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def f(p):
    qml.RX(p[0], wires=0)
    m = qml.measure(0)
    qml.cond(m, qml.RY)(p[1], wires=1)
    return qml.expval(qml.PauliZ(1))


p = torch.rand(2, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(4):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
