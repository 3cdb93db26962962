"""A mixture of two circuits' weights: each step's batch uses one of them, so each gets a gradient at every second step."""

import pennylane as qml
import torch

torch.manual_seed(89)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


experts = torch.nn.ModuleList([qml.qnn.TorchLayer(circuit, {"weights": (1, 2)}) for _ in range(2)])
xs, ys = torch.rand(4, 2), torch.rand(4, 2)
optimizer = torch.optim.SGD(experts.parameters(), lr=0.2)
for step in range(4):
    optimizer.zero_grad()
    rows = slice(2 * (step % 2), 2 * (step % 2) + 2)
    loss = torch.nn.functional.mse_loss(experts[step % 2](xs[rows]), ys[rows])
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")
