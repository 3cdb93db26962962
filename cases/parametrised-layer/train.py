"""The weights of a quantum layer are to stay small: the parametrisation that says so never gets to the circuit."""
import pennylane as qml
import torch
from torch.nn.utils import parametrize

torch.manual_seed(11)
torch.set_default_dtype(torch.float64)


class Bounded(torch.nn.Module):
    """Angles between -0.5 and 0.5."""

    def forward(self, angles):
        return 0.5 * torch.tanh(angles)


@qml.qnode(qml.device("default.qubit", wires=2))
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1])
    qml.BasicEntanglerLayers(weights, wires=[0, 1])
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
parametrize.register_parametrization(layer, "weights", Bounded())
optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
inputs, targets = torch.rand(6, 2), torch.rand(6, 2)
for epoch in range(6):
    loss = (layer(inputs) - targets).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(epoch, loss.item(), layer.weights.abs().max().item(), layer.qnode_weights["weights"].abs().max().item())
