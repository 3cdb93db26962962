"""A training on expectation values, with counts read at each step."""
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


@qml.set_shots(20)
@qml.qnode(qml.device(device, wires=2, seed=5), interface="torch")
def drawn(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.counts(wires=1)


weights = torch.rand(2, requires_grad=True)
X, Y = torch.rand(3, 2), torch.rand(3)
opt = torch.optim.Adam([weights], lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = (circuit(X[step], weights) - Y[step]) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item(), drawn(X[step], weights))
