"""A product of rotations given as one matrix on two wires."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
dev = qml.device(device, wires=2)


def rotation(w):
    c, s = torch.cos(w / 2), torch.sin(w / 2)
    return torch.stack([torch.stack([c + 0j, -1j * s]), torch.stack([-1j * s, c + 0j])])


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(w):
    qml.RY(0.4, wires=0)
    qml.QubitUnitary(torch.kron(rotation(w[0]), rotation(w[1])), wires=[0, 1])
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1) @ qml.PauliX(0))


w = torch.tensor([0.3, 0.5], dtype=torch.float64, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = circuit(w)
    loss.backward()
    opt.step()
    print(f"step {step}: {loss.item():.9f}")
