"""Four gates of a recurrent cell, each a QNode of its own, in float32: one and the same rounding at all of them."""

import pennylane as qml
import torch

torch.manual_seed(3)
device = qml.device("default.qubit", wires=2)


def forget(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


def update(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2), rotation=qml.RY)
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


def propose(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2), rotation="Y")
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]


def output(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2), rotation="Y")
    qml.BasicEntanglerLayers(weights, wires=range(2), rotation=qml.RZ)
    return [qml.expval(qml.PauliX(wire)) for wire in range(2)]


gates = torch.nn.ModuleList(
    qml.qnn.TorchLayer(qml.QNode(gate, device, interface="torch", diff_method="backprop"), {"weights": (1, 2)})
    for gate in (forget, update, propose, output)
)
optimizer = torch.optim.Adam(gates.parameters(), lr=0.05)
features, target = torch.rand(3, 2), torch.rand(3, 2)
for step in range(2):
    optimizer.zero_grad()
    f, u, p, o = (gate(features) for gate in gates)
    cell = torch.sigmoid(f) * 0.5 + torch.sigmoid(u) * torch.tanh(p)
    loss = torch.nn.functional.mse_loss(torch.sigmoid(o) * torch.tanh(cell), target)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
