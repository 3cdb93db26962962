"""One weight, two wires that always agree, and a simulator of noise without any noise yet."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.mixed"
torch.set_default_dtype(torch.float64)


@qml.qnode(qml.device(device, wires=2), interface="torch", diff_method="backprop")
def circuit(x, weight):
    qml.RX(x * weight, wires=0)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weight = torch.tensor(0.4, requires_grad=True)
optimizer = torch.optim.SGD([weight], lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    loss = (circuit(torch.tensor(0.7), weight) - 0.5) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item())
