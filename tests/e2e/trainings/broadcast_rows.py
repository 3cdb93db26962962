"""A batch is handed over as columns, one circuit a row, and the targets have the outputs' shape."""

import pennylane as qml
import torch

torch.manual_seed(127)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(x, weights):
    qml.RY(x[:, 0], wires=0)
    qml.RY(x[:, 1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.nn.Parameter(torch.rand(2))
xs, ys = torch.rand(5, 2), torch.rand(5)
optimizer = torch.optim.SGD([weights], lr=0.3, nesterov=True, momentum=0.5)
for step in range(3):
    optimizer.zero_grad()
    loss = ((circuit(xs, weights) - ys) ** 2).mean()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")
