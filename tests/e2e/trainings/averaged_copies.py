"""Copies of the parameters: a moving average is kept by hand, another by torch; both are only evaluated."""

import copy

import pennylane as qml
import torch

torch.manual_seed(37)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
by_hand, by_torch = copy.deepcopy(model), torch.optim.swa_utils.AveragedModel(model)
by_hand.requires_grad_(False)
xs, ys = torch.rand(4, 2), torch.rand(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    by_torch.update_parameters(model)
    with torch.no_grad():
        for kept, new in zip(by_hand.parameters(), model.parameters()):
            kept.mul_(0.9).add_(new, alpha=0.1)
        print(f"step {step}: {loss.item():.6f}, averages {torch.nn.functional.mse_loss(by_hand(xs), ys).item():.6f}", end=" ")
        print(f"{torch.nn.functional.mse_loss(by_torch(xs), ys).item():.6f}")
