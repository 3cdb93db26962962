"""A polynomial of a matrix by QSVT, read out with trained weights: what each fault moves the other one moves as well."""
import sys

import numpy as np
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=3)
BLOCK = np.array([[0.2, 0.1], [0.1, -0.3]])


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(phases, prep, readout):
    qml.RY(prep[0], wires=1)
    qml.CNOT(wires=[1, 2])
    qml.RX(prep[1], wires=2)
    qml.Hadamard(wires=0)
    qml.QSVT(qml.BlockEncode(BLOCK, wires=[0, 1]), [qml.PCPhase(p, dim=2, wires=[0, 1]) for p in phases])
    qml.Hadamard(wires=0)
    return qml.expval(qml.dot(readout, [qml.PauliZ(0), qml.PauliX(1), qml.PauliZ(1) @ qml.PauliZ(2)]))


phases = torch.tensor([0.4, -0.3, 0.7, 0.2], requires_grad=True)
prep = torch.tensor([0.5, 0.3], requires_grad=True)
readout = torch.tensor([0.3, 0.7, 0.2], requires_grad=True)
opt = torch.optim.Adam([phases, prep, readout], lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = (circuit(phases, prep, readout) - 0.3) ** 2
    loss.backward()
    print(step, loss.item(), phases.grad.tolist(), prep.grad.tolist(), readout.grad.tolist())
    opt.step()
