"""Fit an angle with two groups of weights, one of which has no way to the result."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(0)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, near, far):
    qml.RY(x, wires=0)
    qml.RX(near[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.RY(near[1], wires=1)
    qml.RX(far[0], wires=2)
    qml.RX(far[1], wires=2)
    return qml.expval(qml.PauliZ(1))


near, far = torch.rand(2, requires_grad=True), torch.rand(2, requires_grad=True)
opt = torch.optim.Adam([near, far], lr=0.1)
for step in range(4):
    opt.zero_grad()
    loss = (circuit(0.3, near, far) + 1) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())
