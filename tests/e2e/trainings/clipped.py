"""Gradients are clipped to a norm that they exceed at first."""

import pennylane as qml
import torch

torch.manual_seed(43)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(2, 2), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}))
xs, ys = torch.rand(4, 2), torch.rand(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for step in range(3):
    optimizer.zero_grad()
    loss = 3 * torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.2)
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}, norm {norm.item():.5f}")
