"""The matrix of a BasisRotation is worked out of a trained angle, and no method differentiates by it."""
import sys
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights):
    qml.PauliX(0)
    cosine, sine = torch.cos(weights[0]), torch.sin(weights[0])
    qml.BasisRotation([0, 1], torch.stack([torch.stack([cosine, -sine]), torch.stack([sine, cosine])]))
    qml.RX(weights[1], wires=1)
    return qml.expval(qml.PauliZ(0))


weights = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights) - 0.2) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.grad.tolist())
