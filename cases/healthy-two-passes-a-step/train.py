"""Gradients of several rows are added up before each step."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.rand(2, requires_grad=True)
X, Y = torch.rand(8, 2), torch.rand(8)
opt = torch.optim.SGD([weights], lr=0.2)
for row in range(8):
    loss = (circuit(X[row], weights) - Y[row]) ** 2 / 2
    loss.backward()
    if row % 2:
        opt.step()
        opt.zero_grad()
        print(row, loss.item())
