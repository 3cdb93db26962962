"""Train through a rotation of one's own, in double precision."""

import torch
import pennylane as qml
from pennylane.operation import Operation

torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=1)


class Turn(Operation):
    num_params = 1
    num_wires = 1

    @staticmethod
    def compute_decomposition(theta, wires):
        return [qml.RY(theta, wires=wires)]

    @staticmethod
    def compute_matrix(theta):
        return qml.RY.compute_matrix(theta)


@qml.qnode(dev, interface="torch", diff_method="parameter-shift")
def f(a, b):
    qml.RX(a, 0)
    Turn(b, wires=0)
    return qml.expval(qml.PauliZ(0))


a = torch.tensor(0.7, requires_grad=True)
b = torch.tensor(0.3, requires_grad=True)
opt = torch.optim.SGD([a, b], lr=0.1)
for step in range(4):
    opt.zero_grad()
    loss = f(a, b)
    loss.backward()
    opt.step()
    print(step, loss.item())
