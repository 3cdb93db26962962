"""A critic with a gradient penalty: a dense layer, a quantum layer, and the slope of the score held near one."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(21)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def score(features, weights):
    qml.RY(features[0], wires=0)
    qml.RY(features[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    return qml.expval(qml.Z(0) @ qml.Z(1))


dense = torch.nn.Linear(2, 2)
weights = torch.rand(2).requires_grad_(True)
opt = torch.optim.SGD([*dense.parameters(), weights], lr=0.1)
for step in range(3):
    x = torch.randn(2, requires_grad=True)
    opt.zero_grad()
    out = score(torch.tanh(dense(x)), weights)
    (slope,) = torch.autograd.grad(out, x, create_graph=True)
    loss = out + (slope.norm() - 1) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.grad.tolist())
