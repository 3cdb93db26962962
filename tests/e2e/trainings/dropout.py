"""Dropout in front of the circuit: some rows arrive as zeros, some gradients are exactly zero."""

import pennylane as qml
import torch

torch.manual_seed(97)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Dropout(0.5), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}))
xs, ys = torch.rand(4, 3), torch.rand(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(4):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
