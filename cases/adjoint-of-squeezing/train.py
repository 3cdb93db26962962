"""The adjoint of a gate on modes of light under parameter-shift."""
import sys
import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.gaussian"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"


@qml.qnode(qml.device(device, wires=1), diff_method=method)
def circuit(weights):
    qml.adjoint(qml.Squeezing)(weights[0], weights[1], wires=0)
    return qml.expval(qml.NumberOperator(0))


weights = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights) - 0.2) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.grad.tolist())
