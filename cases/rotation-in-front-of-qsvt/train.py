"""A matrix in a block, its phases trained, and a rotation that prepares the ancilla in front of it."""
import sys

import numpy as np
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
BLOCK = np.array([[0.2, 0.1], [0.1, -0.3]])


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(phases, angle):
    qml.RX(angle, wires=0)
    qml.QSVT(qml.BlockEncode(BLOCK, wires=[1, 0]), [qml.PCPhase(p, dim=2, wires=[1, 0]) for p in phases])
    return qml.expval(qml.PauliZ(0))


phases = torch.tensor([0.4, -0.3])
angle = torch.tensor(0.5, requires_grad=True)
opt = torch.optim.SGD([angle], lr=0.2)
for step in range(3):
    opt.zero_grad()
    value = circuit(phases, angle)
    value.backward()
    print(step, value.item(), angle.grad.item())
    opt.step()
