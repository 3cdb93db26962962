"""Learn the noise of a two-qubit device: an angle and two damping rates are fitted to measured expectation values."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(prepared, angle, rates):
    qml.RY(angle + prepared, wires=0)
    qml.AmplitudeDamping(rates[0], wires=0)
    qml.CNOT(wires=[0, 1])
    qml.PhaseDamping(rates[1], wires=1)
    qml.RX(angle, wires=1)
    return qml.expval(qml.PauliZ(1))


measured = torch.tensor([0.85, 0.7, 0.45])
prepared = torch.tensor([0.0, 0.4, 0.8])
angle = torch.tensor(0.7, requires_grad=True)
rates = torch.tensor([0.3, 0.2], requires_grad=True)
opt = torch.optim.SGD([angle, rates], lr=0.1)
for step in range(4):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(torch.stack([circuit(p, angle, rates) for p in prepared]).float(), measured)
    loss.backward()
    print(step, loss.item(), angle.grad.item(), rates.grad.tolist())
    opt.step()
