"""A layer written when TorchLayer still passed one row at a time: today it gets the whole batch."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(42)

dev = qml.device(device, wires=2)


@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(inputs, weights):
    for i in range(len(inputs)):
        qml.Hadamard(wires=i)
        qml.RZ(2.0 * inputs[i], wires=i)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    return [qml.expval(qml.PauliZ(i)) for i in range(2)]


model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), qml.qnn.TorchLayer(circuit, {"weights": (2,)}), torch.nn.Linear(2, 1))
opt = torch.optim.Adam(model.parameters(), lr=0.01)
X, Y = torch.randn(10, 2), torch.randn(10, 1)
for batch in range(2):
    opt.zero_grad()
    loss = torch.nn.functional.l1_loss(model(X[5 * batch : 5 * batch + 5]), Y[5 * batch : 5 * batch + 5])
    loss.backward()
    opt.step()
    print(batch, loss.item())
