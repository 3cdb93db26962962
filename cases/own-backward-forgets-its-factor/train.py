"""A layer with a backward of its own: shifted evaluations, whose difference should be halved."""
import math

import torch
import pennylane as qml

torch.manual_seed(7)
torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(angles):
    qml.RY(angles[0], wires=0)
    qml.RY(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


class Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, angles):
        ctx.save_for_backward(angles)
        return circuit(angles.detach())

    @staticmethod
    def backward(ctx, given):
        angles, = ctx.saved_tensors
        shifts = torch.eye(2) * (math.pi / 2)
        slopes = [circuit(angles + shift) - circuit(angles - shift) for shift in shifts]
        return given * torch.stack(slopes)


pre, head = torch.nn.Linear(3, 2), torch.nn.Linear(1, 1)
opt = torch.optim.SGD([*pre.parameters(), *head.parameters()], lr=0.1)
X = torch.rand(12, 3)
Y = torch.cos(X.sum(dim=1))
for step in range(12):
    opt.zero_grad()
    out = head(Layer.apply(pre(X[step])).reshape(1))
    loss = ((out - Y[step]) ** 2).sum()
    loss.backward()
    opt.step()
    print(step, loss.item())
