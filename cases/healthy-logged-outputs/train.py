"""Outputs are kept for a plot; the encoder learns slower, and the losses are balanced."""
import torch
import pennylane as qml

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev)
def circuit(x, w):
    qml.AngleEmbedding(x, wires=range(2))
    qml.StronglyEntanglingLayers(w, wires=range(2))
    return qml.probs(wires=range(2))


w = torch.rand(1, 2, 3, requires_grad=True)
encoder = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD([w, *encoder.parameters()], lr=0.1)
data = torch.rand(8, 3)
plotted = []
for step in range(14):
    angles = encoder(data)
    angles.register_hook(lambda gradient: 0.1 * gradient)
    probabilities = circuit(angles, w)
    plotted += probabilities.tolist()
    first = ((probabilities[:, 0] - data[:, 0]) ** 2).mean()
    second = (probabilities[:, 1] - data[:, 1]).abs().mean()
    loss = first / first.item() + second / second.item()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, first.item(), second.item())
print(len(plotted))
