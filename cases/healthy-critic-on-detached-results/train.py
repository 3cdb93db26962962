"""A circuit, and a critic that learns from its detached results."""
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
critic = torch.nn.Linear(1, 1)
X, Y = torch.rand(3, 2), torch.rand(3)
opt = torch.optim.Adam([weights, *critic.parameters()], lr=0.1)
for step in range(3):
    opt.zero_grad()
    result = circuit(X[step], weights)
    guess = critic(result.detach().reshape(1))
    loss = (result - Y[step]) ** 2 + ((guess - Y[step]) ** 2).sum()
    loss.backward()
    opt.step()
    print(step, loss.item())
