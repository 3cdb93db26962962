"""A compiled ansatz: neighbouring rotations are fused before the circuit runs; the middle angles start at zero."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
cost = 0.7 * qml.PauliZ(0) @ qml.PauliX(1) + 0.5 * qml.PauliX(0)


@qml.transforms.single_qubit_fusion
@qml.qnode(dev, interface="torch", diff_method=method)
def energy(weights):
    qml.Hadamard(wires=1)
    qml.RX(0.4, wires=0)
    qml.CNOT(wires=[0, 1])
    for wire in range(2):
        qml.RZ(weights[wire, 0], wires=wire)
        qml.RY(weights[wire, 1], wires=wire)
        qml.RZ(weights[wire, 2], wires=wire)
    qml.CNOT(wires=[0, 1])
    return qml.expval(cost)


weights = torch.tensor([[0.3, 0.0, 0.4], [0.2, 0.0, 0.6]], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.2)
for step in range(3):
    opt.zero_grad()
    loss = energy(weights)
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.tolist())
