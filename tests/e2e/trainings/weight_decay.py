"""AdamW: weights shrink a little at every step, whatever their gradient."""

import pennylane as qml
import torch

torch.manual_seed(31)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(torch.nn.Linear(3, 2), qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}))
xs, ys = torch.rand(4, 3), torch.rand(4, 2)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.1)
for step in range(3):
    optimizer.zero_grad(set_to_none=False)
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
