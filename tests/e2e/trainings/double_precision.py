"""Everything in float64, the layer's weights included."""

import pennylane as qml
import torch

torch.manual_seed(67)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(2, 2), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})).double()
xs, ys = torch.rand(3, 2, dtype=torch.float64), torch.rand(3, 2, dtype=torch.float64)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")
