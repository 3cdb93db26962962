"""Fit a phase with a trainable feature scale."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, scale, weights):
    qml.RY(x * scale.item(), wires=0)
    qml.RX(weights[0], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


scale = torch.tensor(1.3, requires_grad=True)
weights = torch.tensor([0.4, 0.9], requires_grad=True)
opt = torch.optim.SGD([scale, weights], lr=0.2)
for step in range(3):
    opt.zero_grad()
    loss = (circuit(torch.tensor(0.7), scale, weights) - 0.1) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item(), scale.item())
