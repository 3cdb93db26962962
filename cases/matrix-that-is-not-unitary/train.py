"""A layer that is given as a matrix, damped by a tenth on the way: adjoint takes it back by what is no inverse any more."""
import sys

import pennylane as qml
import torch

device, method = sys.argv[1:] or ("default.qubit", "adjoint")
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
mixer = 0.9 * torch.linalg.qr(torch.randn(4, 4, dtype=torch.complex128))[0].numpy()


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(x, weights):
    qml.RY(x, wires=0)
    qml.QubitUnitary(mixer, wires=[0, 1])
    qml.RX(weights[0], wires=0)
    qml.RZ(weights[1], wires=1)
    qml.QubitUnitary(mixer, wires=[0, 1])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = torch.rand(2, requires_grad=True)
optimizer = torch.optim.Adam([weights], lr=0.1)
for step in range(4):
    loss = (circuit(torch.tensor(0.3), weights) - 0.5) ** 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
