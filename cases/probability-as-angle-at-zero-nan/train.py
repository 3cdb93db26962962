"""Learn error rates: each is the probability with which a qubit is flipped, so its angle is worked out in the quantum function."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def parity(rates, angle):
    for wire in range(2):
        qml.RY(2 * torch.asin(torch.sqrt(rates[wire])), wires=wire)
    qml.CRX(angle, wires=[0, 1])
    return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))


rates = torch.tensor([0.2, 0.0], requires_grad=True)
angle = torch.tensor(0.4, requires_grad=True)
opt = torch.optim.SGD([rates, angle], lr=0.05)
for step in range(3):
    opt.zero_grad()
    loss = (parity(rates, angle) - 0.4) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item(), rates.tolist())
