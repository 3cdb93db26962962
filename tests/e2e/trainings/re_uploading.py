"""The data enter the circuit once a layer, scaled by weights of their own."""

import pennylane as qml
import torch

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=1), interface="torch")
def circuit(x, scales, shifts):
    for scale, shift in zip(scales, shifts):
        qml.RY(scale[0] * x + shift[0], wires=0)
        qml.RX(scale[1] * x + shift[1], wires=0)
    return qml.expval(qml.PauliZ(0))


scales, shifts = (torch.nn.Parameter(torch.rand(3, 2)) for _ in range(2))
xs = torch.linspace(-1, 1, 5)
optimizer = torch.optim.Adam([scales, shifts], lr=0.05)
for step in range(3):
    optimizer.zero_grad()
    loss = torch.stack([(circuit(x, scales, shifts) - torch.sin(2 * x)) ** 2 for x in xs]).mean()
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.9f}")
