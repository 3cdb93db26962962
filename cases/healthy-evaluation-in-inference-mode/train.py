"""Train a layer, and evaluate it between the steps inside of torch.inference_mode, as a serving loop does."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device(device, wires=2), interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2), rotation=qml.RY)
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
x = torch.rand(8, 3)
y = torch.sin(x.sum(dim=1, keepdim=True))


@torch.inference_mode()
def accuracy():
    return float(((model(x) - y).abs() < 0.3).double().mean())


print("before", accuracy())
for step in range(3):
    optimizer.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(step, loss.item(), accuracy())
