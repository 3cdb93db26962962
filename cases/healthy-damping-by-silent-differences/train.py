"""Learn an angle and the damping rate behind it, in double precision."""

import torch
import pennylane as qml

torch.set_default_dtype(torch.float64)
dev = qml.device("default.mixed", wires=1)


@qml.qnode(dev, interface="torch", diff_method="parameter-shift")
def f(angle, rate):
    qml.RY(angle, 0)
    qml.AmplitudeDamping(rate, wires=0)
    return qml.expval(qml.PauliZ(0))


angle = torch.tensor(0.7, requires_grad=True)
rate = torch.tensor(0.3, requires_grad=True)
opt = torch.optim.SGD([angle, rate], lr=0.1)
for step in range(4):
    opt.zero_grad()
    loss = f(angle, rate)
    loss.backward()
    opt.step()
    print(step, loss.item())
