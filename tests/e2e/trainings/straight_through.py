"""Signs of the outputs in the forward pass, the identity in the backward pass: a straight-through estimate, written on purpose."""

import pennylane as qml
import torch

torch.manual_seed(131)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=[0, 1], rotation="Y")
    for layer in weights:
        qml.CNOT(wires=[0, 1])
        qml.RY(layer[0], wires=0)
        qml.RX(layer[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


weights = torch.nn.Parameter(torch.rand(2, 2))
xs, ys = torch.rand(3, 2), torch.tensor([[1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    soft = torch.stack([torch.stack(circuit(x, weights)) for x in xs])
    hard = soft + (soft.sign() - soft).detach()
    loss = ((hard - ys) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}, {soft.mean().item():.6f}")
