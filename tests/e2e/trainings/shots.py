"""A thousand shots and the shift rule: values and gradients are noisy, and right."""

import pennylane as qml
import torch


@qml.set_shots(1000)
@qml.qnode(qml.device("default.qubit", wires=2, seed=3), interface="torch", diff_method="parameter-shift")
def circuit(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.nn.Parameter(torch.tensor([0.8, 0.9], dtype=torch.float64))
optimizer = torch.optim.SGD([weights], lr=0.2)
for step in range(4):
    optimizer.zero_grad()
    loss = circuit(weights)
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.4f}")
