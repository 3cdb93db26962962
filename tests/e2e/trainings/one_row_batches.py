"""Batches of one row each from a loader, targets of the same shape."""

import pennylane as qml
import torch

torch.manual_seed(101)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1))
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(4, 2), torch.rand(4, 1)), batch_size=1, shuffle=True)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in loader:
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.6f}")
