"""Validation after each epoch; training ends early and the best weights are put back."""

import copy

import pennylane as qml
import torch

torch.manual_seed(13)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


model = torch.nn.Sequential(qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1))
xs, ys = torch.rand(6, 2), torch.rand(6, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
best, kept, waited = float("inf"), None, 0
for epoch in range(10):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs[:4]), ys[:4])
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        validation = torch.nn.functional.mse_loss(model(xs[4:]), ys[4:]).item()
    if validation < best:
        best, kept, waited = validation, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
    print(f"epoch {epoch}: {loss.item():.6f} {validation:.6f}")
    if waited == 2:
        break
model.load_state_dict(kept)
print(f"best {torch.nn.functional.mse_loss(model(xs[4:]), ys[4:]).item():.6f}")
