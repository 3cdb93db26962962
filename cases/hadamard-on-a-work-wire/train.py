"""An adder in the Fourier basis between trained rotations."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "hadamard"
torch.manual_seed(4)
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=5)


@qml.qnode(dev, interface="torch", diff_method=method)
def adder(weights):
    qml.RY(weights[0], wires=0)
    qml.RX(weights[1], wires=1)
    qml.PhaseAdder(k=3, x_wires=[0, 1, 2, 3], mod=7, work_wire=[4])
    qml.RY(weights[2], wires=0)
    qml.CNOT(wires=[1, 0])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1))


weights = torch.tensor([0.4, 0.7, 0.3], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = adder(weights)
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.grad.tolist())
