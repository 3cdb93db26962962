"""The weight scales the data, and the whole batch is one call: the angles that are differentiated carry the batch."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device(device, wires=2), interface="torch", diff_method=method)
def circuit(angles, tilt):
    qml.RX(angles, wires=0)
    qml.RY(tilt, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


scale = torch.tensor(0.7, requires_grad=True)
tilt = torch.tensor(0.2, requires_grad=True)
X = torch.rand(3)
opt = torch.optim.SGD([scale, tilt], lr=0.2)
for epoch in range(2):
    opt.zero_grad()
    loss = circuit(scale * X, tilt).mean()
    loss.backward()
    opt.step()
    print(epoch, loss.item(), scale.item())
