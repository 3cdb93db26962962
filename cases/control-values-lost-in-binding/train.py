"""A fixed unitary that acts where its control is 0, kept as a torch tensor; the angle before it is trained by adjoint."""

import pennylane as qml
import torch

angle = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
quarter = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.complex128) / 2**0.5


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
def circuit(angle):
    qml.RY(angle, wires=0)
    qml.ctrl(qml.QubitUnitary(quarter, wires=1), control=0, control_values=[0])
    return qml.expval(qml.PauliX(1))


optimiser = torch.optim.SGD([angle], lr=0.2)
for _ in range(3):
    optimiser.zero_grad()
    loss = circuit(angle)
    loss.backward()
    optimiser.step()
    print(f"{loss.item():.6f} {angle.item():.6f}")
