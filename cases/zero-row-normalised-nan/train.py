"""A ReLU in front of an amplitude embedding: a row of zeros is normalised, and the loss is NaN from the first step on."""

import pennylane as qml
import torch

torch.manual_seed(0)
device = qml.device("default.qubit", wires=2)


@qml.qnode(device, interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    qml.AmplitudeEmbedding(inputs, wires=range(2), normalize=True)
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


front = torch.nn.Linear(2, 4)
with torch.no_grad():
    front.weight.copy_(torch.tensor([[1.0, 0.5], [0.5, 1.0], [1.0, 1.0], [0.2, 0.1]]))
    front.bias.zero_()
model = torch.nn.Sequential(front, torch.nn.ReLU(), qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}), torch.nn.Linear(2, 1))
features = torch.tensor([[0.4, 0.9], [-0.3, -0.6], [0.7, 0.1]])
targets = torch.tensor([[1.0], [0.0], [1.0]])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(features), targets)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
