"""The learning rate rises from zero: the first step moves nothing, and is meant to."""

import pennylane as qml
import torch

torch.manual_seed(11)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 2)})
xs, ys = torch.rand(4, 2), torch.rand(4, 2)
optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 3))
for step in range(5):
    optimizer.zero_grad()
    loss = ((layer(xs) - ys) ** 2).mean()
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"step {step}: {loss.item():.6f}, next rate {scheduler.get_last_lr()[0]:.4f}")
