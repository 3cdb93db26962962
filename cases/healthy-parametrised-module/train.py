"""Bounded, normalised and orthogonal weights of a module that calls the QNode itself."""
import pennylane as qml
import torch
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal, spectral_norm, weight_norm

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)


class Bounded(torch.nn.Module):
    """Angles between -0.5 and 0.5."""

    def forward(self, angles):
        return 0.5 * torch.tanh(angles)


@qml.qnode(qml.device("default.qubit", wires=2), diff_method="backprop")
def circuit(inputs, weights, rotation):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    qml.QubitUnitary(rotation, wires=[0, 1])
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.randn(2, 2))
        self.before = spectral_norm(torch.nn.Linear(3, 2))
        self.after = weight_norm(torch.nn.Linear(2, 1))
        self.rotation = orthogonal(torch.nn.Linear(4, 4, bias=False))
        parametrize.register_parametrization(self, "weights", Bounded())

    def forward(self, inputs):
        return self.after(torch.stack(circuit(self.before(inputs), self.weights, self.rotation.weight), -1))


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
inputs, targets = torch.rand(6, 3), torch.rand(6, 1)
for epoch in range(6):
    loss = (net(inputs) - targets).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item(), net.weights.abs().max().item())
