"""Push a correlation to one; the Pauli word was put together from two lists that share a wire."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
word = qml.prod(*[qml.X(i) for i in (0,)], *[qml.Z(i) for i in (1, 0)])


@qml.qnode(dev, interface="torch", diff_method=method)
def correlation(angles):
    qml.RY(angles[0], wires=0)
    qml.RX(angles[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(word)


angles = (torch.rand(2) + 0.2).requires_grad_(True)
opt = torch.optim.Adam([angles], lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = 1 - abs(correlation(angles))
    loss.backward()
    opt.step()
    print(step, loss.item())
