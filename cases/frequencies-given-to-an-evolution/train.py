"""A graph state that is evolved for a trained time; the frequencies that the shift rule is told are those of equal couplings."""
import sys

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "parameter-shift"
couplings = [0.7, 0.4]
frequencies = (1.4, 0.8, 2.2, 0.6) if "right" in sys.argv else (2, 4)  # twice the couplings, their sum and their difference


@qml.qnode(qml.device(device, wires=2), interface="torch", diff_method=method)
def magnetisation(time, tilt):
    qml.RX(tilt, wires=0)
    qml.Hadamard(wires=0)
    qml.Hadamard(wires=1)
    hamiltonian = qml.Hamiltonian(couplings, [qml.Z(0) @ qml.Z(1), qml.Z(0)])
    qml.CommutingEvolution(hamiltonian, time, frequencies=frequencies)
    return qml.expval(qml.X(0))


time = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
tilt = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([time, tilt], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    energy = magnetisation(time, tilt)
    energy.backward()
    optimizer.step()
    print(step, energy.item(), time.grad.item())
