"""A trained trunk is frozen and run under no_grad; only the dressed circuit behind it learns."""

import pennylane as qml
import torch

torch.manual_seed(29)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


trunk = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU()).eval()
trunk.requires_grad_(False)
head = torch.nn.Sequential(
    torch.nn.Linear(8, 2), torch.nn.Tanh(), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 2)
)
xs, ys = torch.randn(6, 5), torch.tensor([0, 1, 0, 1, 1, 0])
optimizer = torch.optim.Adam([p for p in head.parameters() if p.requires_grad], lr=0.05)
for step in range(3):
    with torch.no_grad():
        features = trunk(xs)
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(head(features), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
