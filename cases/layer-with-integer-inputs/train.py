"""Parity of three bits: a quantum layer on the bits as they come out of the data set, and a linear head."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(9)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(3), rotation="Y")
    qml.BasicEntanglerLayers(weights, wires=range(3))
    return [qml.expval(qml.Z(i)) for i in range(3)]


layer = qml.qnn.TorchLayer(circuit, {"weights": (2, 3)})
head = torch.nn.Linear(3, 1)
bits = torch.randint(0, 2, (8, 3))
targets = bits.sum(1) % 2
opt = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.1)
for step in range(5):
    opt.zero_grad()
    features = layer(bits)
    scores = head(features.to(torch.get_default_dtype()))  # Linear complained about Long
    loss = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], targets.double())
    loss.backward()
    opt.step()
    print(step, loss.item(), features.abs().max().item())
