"""Train a layer on batches that have as many rows as the circuit has wires."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(5)
torch.set_default_dtype(torch.float64)

wires = 3
dev = qml.device(device, wires=wires)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    for i in range(len(inputs)):
        qml.RX(inputs[i], wires=i)
    for i in range(wires):
        qml.CNOT(wires=[i, (i + 1) % wires])
        qml.RY(weights[i], wires=i)
    return [qml.expval(qml.PauliZ(i)) for i in range(wires)]


model = torch.nn.Sequential(torch.nn.Linear(2, wires), qml.qnn.TorchLayer(circuit, {"weights": (wires,)}), torch.nn.Linear(wires, 1))
opt = torch.optim.Adam(model.parameters(), lr=0.05)
x, y = torch.randn(3, 2), torch.randn(3, 1)
for step in range(3):
    opt.zero_grad()
    loss = torch.nn.functional.mse_loss(model(x), y)
    loss.backward()
    opt.step()
    print(step, loss.item())
