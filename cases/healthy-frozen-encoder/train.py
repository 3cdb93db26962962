"""A frozen encoder in front of a circuit that is trained."""
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
        self.encoder = torch.nn.Linear(3, 2)
        self.weights = torch.nn.Parameter(torch.rand(2))

    def forward(self, x):
        return circuit(self.encoder(x).detach(), self.weights)


net = Net()
net.encoder.requires_grad_(False)
X, Y = torch.rand(3, 3), torch.rand(3)
opt = torch.optim.Adam(net.parameters(), lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = (net(X[step]) - Y[step]) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item())
