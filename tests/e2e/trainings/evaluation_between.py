"""The accuracy by argmax is measured between the steps, under no_grad and in evaluation mode."""

import pennylane as qml
import torch

torch.manual_seed(41)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 3))
xs, ys = torch.rand(6, 2), torch.tensor([0, 1, 2, 0, 1, 2])
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(3):
    model.train()
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(xs), ys)
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        right = (model(xs).argmax(dim=1) == ys).float().mean()
    print(f"step {step}: {loss.item():.6f}, right {right.item():.3f}")
