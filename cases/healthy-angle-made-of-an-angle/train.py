"""Angles that are worked out from one another inside of the circuit, each a bit larger than the one before; and one that is in the loss, too."""
import pennylane as qml
import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(angles):
    angle = angles[0]
    for _ in range(3):
        qml.RX(angle, wires=0)
        qml.CNOT(wires=[0, 1])
        angle = 1.3 * angle
    qml.RY(angles[1], wires=1)
    return qml.expval(qml.PauliZ(1))


weights = torch.nn.Parameter(torch.rand(2))
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    angles = [torch.tanh(weight) for weight in weights]
    loss = circuit(angles) + 0.1 * angles[1] ** 2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
