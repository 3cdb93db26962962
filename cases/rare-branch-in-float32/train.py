"""A layer on what two neighbouring samples differ in: their circuits are subtracted, and the rare outcome of the ancilla is kept."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(13)

dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def difference(first, second, weights):
    qml.Hadamard(wires=0)
    for i in range(2):
        qml.ctrl(qml.RY(first[i], wires=i + 1), control=0, control_values=0)
        qml.ctrl(qml.RY(second[i], wires=i + 1), control=0, control_values=1)
    qml.Hadamard(wires=0)
    qml.measure(0, postselect=1)
    qml.RX(weights[0], wires=1)
    qml.CNOT(wires=[1, 2])
    qml.RY(weights[1], wires=2)
    return qml.expval(qml.Z(2))


signal = torch.sin(torch.arange(5.0)[:, None] / 5000 + torch.tensor([0.3, 0.9]))
weights = torch.rand(2).requires_grad_(True)
opt = torch.optim.Adam([weights], lr=0.05)
for step in range(4):
    opt.zero_grad()
    loss = (difference(signal[step], signal[step + 1], weights) - 0.5) ** 2
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.grad.tolist())
