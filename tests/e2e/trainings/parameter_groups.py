"""Two groups with rates of their own, one of them very small."""

import pennylane as qml
import torch

torch.manual_seed(59)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


quantum, classical = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1)
model = torch.nn.Sequential(quantum, classical)
xs, ys = torch.rand(4, 2), torch.rand(4, 1)
optimizer = torch.optim.SGD([{"params": quantum.parameters(), "lr": 0.3}, {"params": classical.parameters(), "lr": 1e-5}], momentum=0.9)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
