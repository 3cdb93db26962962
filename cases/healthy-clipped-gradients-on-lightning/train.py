"""AdamW with clipped gradients on lightning in float32."""

import torch, pennylane as qml

torch.manual_seed(4)
dev = qml.device("lightning.qubit", wires=3)


@qml.qnode(dev, interface="torch", diff_method="adjoint")
def net(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(3))
    for w in weights:
        for i in range(3):
            qml.Rot(*w[i], wires=i)
        for i in range(3):
            qml.CNOT([i, (i + 1) % 3])
    return [qml.expval(qml.PauliZ(i)) for i in range(3)]


model = torch.nn.Sequential(
    torch.nn.Linear(4, 3), torch.nn.Tanh(), qml.qnn.TorchLayer(net, {"weights": (2, 3, 3)}), torch.nn.Linear(3, 1)
)
opt = torch.optim.AdamW(model.parameters(), lr=0.02)
x = torch.randn(8, 4)
y = torch.randn(8, 1)
for e in range(3):
    for i in range(0, 8, 4):
        opt.zero_grad()
        l = torch.nn.functional.huber_loss(model(x[i : i + 4]), y[i : i + 4])
        l.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    print(e, l.item())
