"""A training towards a slow copy of the same circuit."""
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
copy = weights.detach().clone()
X = torch.rand(4, 2)
opt = torch.optim.Adam([weights], lr=0.1)
for step in range(3):
    with torch.no_grad():
        target = 0.5 + 0.9 * circuit(X[step + 1], copy)
    opt.zero_grad()
    loss = (circuit(X[step], weights) - target) ** 2
    loss.backward()
    opt.step()
    with torch.no_grad():
        copy.mul_(0.9).add_(weights, alpha=0.1)
    print(step, loss.item())
