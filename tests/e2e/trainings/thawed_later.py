"""The circuit's weights are frozen for two steps and trained after that; the optimiser holds them from the start."""

import pennylane as qml
import torch

torch.manual_seed(113)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


quantum, classical = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1)
quantum.requires_grad_(False)
model = torch.nn.Sequential(quantum, classical)
xs, ys = torch.rand(4, 2), torch.rand(4, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(4):
    if step == 2:
        quantum.requires_grad_(True)
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
