"""A classifier whose prediction is worked out from counts."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.set_shots(50)
@qml.qnode(qml.device(device, wires=2, seed=5), interface="torch", diff_method="parameter-shift")
def circuit(x, weights):
    qml.AngleEmbedding(x, wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.counts(wires=1)


weights = torch.rand(2, requires_grad=True)
scale = torch.ones(1, requires_grad=True)
X, Y = torch.rand(4, 2), torch.rand(4)
opt = torch.optim.Adam([weights, scale], lr=0.1)
for step in range(4):
    counts = circuit(X[step], weights)
    expectation = (counts.get("0", 0) - counts.get("1", 0)) / 50
    loss = ((scale * expectation - Y[step]) ** 2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(step, loss.item())
