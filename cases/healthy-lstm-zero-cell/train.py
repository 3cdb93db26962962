"""A recurrent cell that starts at zero: at the first step the forget gate's QNode gets a cotangent of zeros, beside a batch."""

import pennylane as qml
import torch

torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
device = qml.device("default.qubit", wires=2)


def layer():
    @qml.qnode(device, interface="torch", diff_method="backprop")
    def gate(inputs, weights):
        qml.AngleEmbedding(inputs, wires=range(2))
        qml.BasicEntanglerLayers(weights, wires=range(2))
        return [qml.expval(qml.PauliZ(wire)) for wire in range(2)]

    return qml.qnn.TorchLayer(gate, {"weights": (1, 2)})


forget, update = layer(), layer()
optimizer = torch.optim.Adam([*forget.parameters(), *update.parameters()], lr=0.05)
sequence, target = torch.rand(2, 3, 2), torch.rand(3, 2)
for epoch in range(2):
    optimizer.zero_grad()
    cell = torch.zeros(3, 2)
    for features in sequence:
        cell = torch.sigmoid(forget(features)) * cell + torch.tanh(update(features))
    loss = torch.nn.functional.mse_loss(cell, target)
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())
