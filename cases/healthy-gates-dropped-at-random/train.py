"""Gates dropped at random, seeded."""

import torch, pennylane as qml

torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def net(x, w):
    for l in w:
        if torch.rand(1).item() > 0.3:
            qml.RX(l[0], wires=0)
        qml.RY(l[1] * x, wires=1)
        qml.CNOT([0, 1])
    return qml.expval(qml.PauliZ(1))


w = torch.nn.Parameter(torch.rand(4, 2))
opt = torch.optim.Adam([w], lr=0.05)
for s in range(5):
    opt.zero_grad()
    l = sum((net(x, w) - 0.2) ** 2 for x in torch.linspace(0, 1, 3))
    l.backward()
    opt.step()
    print(s, l.item())
