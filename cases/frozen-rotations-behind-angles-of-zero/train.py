"""A frozen layer of small random rotations behind trained angles that start at 0 and pi."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
dev = qml.device(device, wires=2)
frozen = 0.01 * torch.randn(2, 2, 3)


@qml.qnode(dev, interface="torch", diff_method=method)
def values(angles):
    for wire in range(2):
        qml.RX(angles[wire], wires=wire)
        qml.RZ(angles[wire], wires=wire)
    for layer in frozen:
        qml.CNOT(wires=[0, 1])
        for wire in range(2):
            qml.Rot(*layer[wire], wires=wire)
    return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))


angles = torch.tensor([0.0, torch.pi], requires_grad=True)
opt = torch.optim.SGD([angles], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = (values(angles)[1] - 0.3) ** 2
    loss.backward()
    opt.step()
    print(step, float(loss.detach()), angles.grad.tolist())
