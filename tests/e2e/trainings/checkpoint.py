"""Training is interrupted: model and optimiser are written, made anew, and read again."""

import io

import pennylane as qml
import torch

torch.manual_seed(61)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


def new():
    model = torch.nn.Sequential(qml.qnn.TorchLayer(circuit, {"weights": (2, 2)}), torch.nn.Linear(2, 1))
    return model, torch.optim.Adam(model.parameters(), lr=0.05, amsgrad=True)


model, optimizer = new()
xs, ys = torch.rand(4, 2), torch.rand(4, 1)
for step in range(4):
    if step == 2:
        file = io.BytesIO()
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
        file.seek(0)
        model, optimizer = new()
        kept = torch.load(file)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(xs), ys)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
