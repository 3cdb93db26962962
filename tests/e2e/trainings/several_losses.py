"""One graph and two losses, each with a backward pass of its own; their gradients add up before the step."""

import pennylane as qml
import torch

torch.manual_seed(19)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


weights = torch.nn.Parameter(torch.rand(2, 2))
xs, ys = torch.rand(3, 2), torch.rand(3, 2)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    out = torch.stack([torch.stack(circuit(x, weights)) for x in xs])
    fit, spread = ((out - ys) ** 2).mean(), 0.1 * (out.mean(0) ** 2).sum()
    fit.backward(retain_graph=True)
    spread.backward()
    optimizer.step()
    print(f"step {step}: {fit.item():.6f} {spread.item():.6f}")
