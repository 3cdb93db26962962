"""Cover four targets with three sets of parameters, by the softened distance of all pairs."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(9)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(sets):
    qml.RY(sets[:, 0], wires=0)
    qml.RY(sets[:, 1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


sets = (torch.rand(3, 2) * 3).requires_grad_()
targets = torch.tensor([-0.8, -0.2, 0.3, 0.9])
opt = torch.optim.Adam([sets], lr=0.05)
for step in range(3):
    opt.zero_grad()
    loss = ((circuit(sets).unsqueeze(1) - targets) ** 2).mean()
    loss.backward()
    opt.step()
    print(step, loss.item())
