"""A hybrid layer under activation checkpointing and automatic mixed precision: the circuit is evaluated again on the way back."""
import sys
import torch
import pennylane as qml
from torch.utils.checkpoint import checkpoint

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)


@qml.qnode(qml.device(device, wires=2), interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.StronglyEntanglingLayers(weights, wires=range(2))
    return [qml.expval(qml.PauliZ(i)) for i in range(2)]


before = torch.nn.Linear(3, 2)
quantum = qml.qnn.TorchLayer(circuit, {"weights": (2, 2, 3)})
opt = torch.optim.Adam([*before.parameters(), *quantum.parameters()], lr=0.02)
x, y = torch.randn(6, 3), torch.randn(6, 2)
for epoch in range(3):
    opt.zero_grad()
    for rows, targets in zip(x.split(3), y.split(3)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = before(rows)
        loss = torch.nn.functional.mse_loss(checkpoint(quantum, features.float(), use_reentrant=False), targets) / 2
        loss.backward()
    opt.step()
    print(epoch, loss.item())
