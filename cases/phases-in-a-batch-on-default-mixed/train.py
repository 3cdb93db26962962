"""A phase for each sample, learnt by a weight that scales its feature."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=1)


@qml.qnode(dev, interface="torch", diff_method=method)
def signal(phases, angle):
    qml.RY(angle, wires=0)
    qml.PhaseShift(phases, wires=0)
    return qml.expval(qml.PauliX(0))


features, target = torch.tensor([0.3, 0.5, 0.7]), torch.tensor([0.5, 0.3, 0.1])
scale = torch.tensor(0.9, requires_grad=True)
angle = torch.tensor(0.8, requires_grad=True)
opt = torch.optim.SGD([scale, angle], lr=0.5)
for step in range(2):
    opt.zero_grad()
    loss = (signal(scale * features, angle) - target).pow(2).mean()
    loss.backward()
    opt.step()
    print(step, loss.item(), scale.item(), angle.item())
