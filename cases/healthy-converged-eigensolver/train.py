"""Find the ground state of two spins, and stay there."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.set_default_dtype(torch.float64)

dev = qml.device(device, wires=2)
hamiltonian = qml.Hamiltonian([1.0, 0.5, 0.5], [qml.PauliZ(0) @ qml.PauliZ(1), qml.PauliX(0), qml.PauliX(1)])


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(weights):
    qml.RY(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RY(weights[2], wires=1)
    qml.RY(weights[3], wires=0)
    return qml.expval(hamiltonian)


weights = torch.tensor([0.4, -0.3, 0.5, 0.2], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.4)
for step in range(24):
    opt.zero_grad()
    loss = energy(weights)
    loss.backward()
    opt.step()
    if step % 4 == 3:
        print(step, round(loss.item(), 6))
