"""Inverse, power, control on zero and a complex unitary on lightning."""

import torch
import pennylane as qml

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method="adjoint")
def f(p):
    qml.RX(p[0], 0)
    qml.ctrl(qml.PhaseShift, control=[0], control_values=[0])(p[1], wires=1)
    qml.pow(qml.RY(p[2], 2), 0.5)
    qml.CNOT([0, 2])
    qml.adjoint(qml.S(2))
    qml.QubitUnitary(torch.tensor([[0, 1j], [1j, 0]]), wires=1)
    return qml.expval(0.5 * qml.Z(0) @ qml.Y(2) + qml.Hermitian([[1, 0.5], [0.5, -1]], 1))


p = torch.rand(3, requires_grad=True)

opt = torch.optim.SGD([p], lr=0.1)
for it in range(3):
    opt.zero_grad()
    loss = f(p)
    loss.backward()
    opt.step()
    print(it, loss.item())
