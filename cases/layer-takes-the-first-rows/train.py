"""Classify with a layer whose circuit indexes its inputs as if they were one row."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)

wires = 2
dev = qml.device(device, wires=wires)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    for i in range(wires):
        qml.RY(inputs[i], wires=i)
    qml.BasicEntanglerLayers(weights, wires=range(wires))
    return [qml.expval(qml.PauliZ(i)) for i in range(wires)]


model = torch.nn.Sequential(torch.nn.Linear(3, wires), qml.qnn.TorchLayer(circuit, {"weights": (1, wires)}), torch.nn.Linear(wires, 2))
opt = torch.optim.Adam(model.parameters(), lr=0.05)
x, y = torch.randn(8, 3), torch.randint(0, 2, (8,))
for step in range(2):
    opt.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
    print(step, loss.item())
