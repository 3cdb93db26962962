"""A unitary matrix made from trained numbers."""

import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
U = torch.rand(2, 2)
dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def f(p):
    qml.RX(p[0], wires=0)
    qml.QubitUnitary(
        torch.linalg.matrix_exp(1j * torch.stack([torch.stack([p[1], p[2]]), torch.stack([p[2], -p[1]])])), wires=1
    )
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(4):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
