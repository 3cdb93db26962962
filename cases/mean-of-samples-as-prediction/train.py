"""Fit one expectation value by the mean of samples, with a bias behind it."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
torch.manual_seed(8)
torch.set_default_dtype(torch.float64)


@qml.set_shots(40)
@qml.qnode(qml.device(device, wires=1, seed=3), interface="torch", diff_method=method)
def measured(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=0)
    return qml.sample(wires=0)


weights = torch.rand(2, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([weights, bias], lr=0.1)
for step in range(4):
    optimizer.zero_grad()
    mean = 1 - 2 * measured(weights).double().mean()
    loss = ((mean + bias - 0.5) ** 2).sum()
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.tolist())
