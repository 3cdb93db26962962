"""One QNode over patches of an image."""

import torch, pennylane as qml

torch.manual_seed(2)
dev = qml.device("default.qubit", wires=4)


@qml.qnode(dev, interface="torch", diff_method="best")
def q(phi, w):
    for j in range(4):
        qml.RY(torch.pi * phi[j], wires=j)
    qml.RandomLayers(w, wires=list(range(4)), seed=3)
    return [qml.expval(qml.PauliZ(j)) for j in range(4)]


w = torch.rand(1, 4, requires_grad=True)
img = torch.rand(4, 4)
opt = torch.optim.SGD([w], lr=0.1)
for s in range(2):
    opt.zero_grad()
    out = [torch.stack(q(img[i : i + 2, j : j + 2].reshape(-1), w)) for i in (0, 2) for j in (0, 2)]
    l = torch.stack(out).pow(2).mean()
    l.backward()
    opt.step()
    print(s, l.item())
