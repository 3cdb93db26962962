"""A training that makes a new leaf of its weights before each call."""
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
opt = torch.optim.SGD([weights], lr=0.2)
X, Y = torch.rand(4, 2), torch.rand(4)
for step in range(4):
    opt.zero_grad()
    angles = torch.tensor(weights.tolist(), requires_grad=True)
    loss = (circuit(X[step], angles) - Y[step]) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())
