"""The variance of a Gell-Mann matrix under parameter-shift, on qutrits."""
import sys
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qutrit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"


@qml.qnode(qml.device(device, wires=1), diff_method=method)
def circuit(weights):
    qml.TRX(weights[0], wires=0, subspace=(0, 1))
    qml.TRY(weights[1], wires=0, subspace=(1, 2))
    return qml.var(qml.GellMann(0, 3))


weights = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights) - 0.2) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.grad.tolist())
