"""Two layers of rotations that start at zero, merged before the circuit runs: the gradient must not be lost with them."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)


@qml.transforms.merge_rotations
@qml.qnode(dev, interface="torch", diff_method=method)
def circuit(weights):
    qml.RY(0.4, wires=0)
    qml.CNOT(wires=[0, 1])
    for layer in range(2):
        qml.RX(weights[layer, 0], wires=0)
        qml.RX(weights[layer, 1], wires=1)
    return qml.expval(qml.PauliY(0) @ qml.PauliZ(1))


weights = torch.zeros(2, 2, requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(3):
    opt.zero_grad()
    loss = circuit(weights)
    loss.backward()
    print(step, loss.item(), weights.grad)
    opt.step()
