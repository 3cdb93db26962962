"""A model whose weights are given another start after its optimiser was made."""
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


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.rand(2))

    def forward(self, x):
        return circuit(x, self.weights)


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=0.1)
net.weights = torch.nn.Parameter(torch.tensor([0.2, -0.1]))
X, Y = torch.rand(4, 2), torch.rand(4)
for step in range(4):
    opt.zero_grad()
    loss = (net(X[step]) - Y[step]) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())
