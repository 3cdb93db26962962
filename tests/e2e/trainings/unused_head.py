"""A model with two heads of which this loss uses one; the other is for later."""

import pennylane as qml
import torch

torch.manual_seed(83)


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
        self.body = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
        self.value, self.policy = torch.nn.Linear(2, 1), torch.nn.Linear(2, 3)

    def forward(self, x):
        features = self.body(x)
        return self.value(features), self.policy(features)


net = Net()
xs, ys = torch.rand(3, 2), torch.rand(3, 1)
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(net(xs)[0], ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
