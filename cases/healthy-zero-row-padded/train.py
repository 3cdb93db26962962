"""An amplitude embedding that pads: a row of zeros among the data keeps the padding's norm, and is a state like any other."""

import pennylane as qml
import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
device = qml.device("default.qubit", wires=2)


@qml.qnode(device, interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    qml.AmplitudeEmbedding(inputs, wires=range(2), normalize=True, pad_with=0.3)
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


model = torch.nn.Sequential(qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}), torch.nn.Linear(2, 1))
features = torch.tensor([[0.4, 0.9, 0.2], [0.0, 0.0, 0.0], [0.7, 0.1, 0.5]])
targets = torch.tensor([[1.0], [0.0], [1.0]])
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(features), targets)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
