"""Half a phase gate in front of an interferometer; the circuit is simplified before it runs. Its angle starts below zero."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.simplify
@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(weights):
    qml.RY(0.8, wires=0)
    qml.pow(qml.PhaseShift(weights[0], wires=0), 0.5)
    qml.RX(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliX(0) @ qml.PauliX(1))


weights = torch.tensor([-0.5, 0.3], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(2):
    opt.zero_grad()
    loss = circuit(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())
