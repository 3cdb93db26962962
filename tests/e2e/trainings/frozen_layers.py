"""The first layer of the circuit keeps its weights; only the second and the bias are trained."""

import pennylane as qml
import torch

torch.manual_seed(7)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Parameter(torch.rand(1, 2), requires_grad=False)
        self.second = torch.nn.Parameter(torch.rand(1, 2))
        self.bias = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return sum(circuit(x, torch.cat([self.first, self.second]))) + self.bias


net = Net()
xs, ys = torch.rand(3, 2), torch.tensor([0.2, 0.8, -0.4])
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = sum((net(x) - y) ** 2 for x, y in zip(xs, ys))
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
