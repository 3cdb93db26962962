"""VQE for H2 with a particle-conserving ansatz on lightning.qubit, float64."""
import sys
import torch
import pennylane as qml

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.set_default_dtype(torch.float64)

Z, X, Y = qml.PauliZ, qml.PauliX, qml.PauliY
coefficients = [-0.0996, 0.1711, 0.1711, -0.2225, -0.2225, 0.1686, 0.1205, 0.1658, 0.1743, -0.0453, 0.0453]
terms = [qml.Identity(0), Z(0), Z(1), Z(2), Z(3), Z(0) @ Z(1), Z(0) @ Z(2), Z(0) @ Z(3), Z(2) @ Z(3)]
terms += [Y(0) @ Y(1) @ X(2) @ X(3), Y(0) @ X(1) @ X(2) @ Y(3)]
hamiltonian = qml.Hamiltonian(coefficients, terms)
dev = qml.device(device, wires=4)


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(weights):
    qml.BasisState([1, 1, 0, 0], wires=range(4))
    qml.DoubleExcitation(weights[0], wires=[0, 1, 2, 3])
    qml.SingleExcitation(weights[1], wires=[0, 2])
    qml.SingleExcitation(weights[2], wires=[1, 3])
    return qml.expval(hamiltonian)


weights = torch.tensor([0.1, 0.05, -0.05], requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.4)
for step in range(5):
    opt.zero_grad()
    loss = energy(weights)
    loss.backward()
    opt.step()
    print(step, loss.item())
