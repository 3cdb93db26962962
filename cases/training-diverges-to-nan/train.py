"""A learning rate that is far too large: the loss grows until it overflows, and the angles become NaN."""

import pennylane as qml
import torch

torch.manual_seed(1)
device = qml.device("default.qubit", wires=2)


@qml.qnode(device, interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


model = torch.nn.Sequential(torch.nn.Linear(2, 2), qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}), torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=50.0)
features, targets = torch.rand(4, 2), torch.rand(4, 1)
for step in range(15):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(features), targets)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
