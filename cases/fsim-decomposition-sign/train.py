"""Simulate a hopping chain with an fSim gate of one's own."""
import sys
import torch
import pennylane as qml
from pennylane.operation import Operation

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"
torch.set_default_dtype(torch.float64)


class FSim(Operation):
    num_params = 2
    num_wires = 2
    ndim_params = (0, 0)

    @staticmethod
    def compute_matrix(theta, phi):
        c, s = qml.math.cos(theta) + 0j, -1j * qml.math.sin(theta)
        one, zero = qml.math.ones_like(c), qml.math.zeros_like(c)
        rows = [[one, zero, zero, zero], [zero, c, s, zero], [zero, s, c, zero], [zero, zero, zero, qml.math.exp(-1j * phi)]]
        return qml.math.stack([qml.math.stack(row) for row in rows])

    @staticmethod
    def compute_decomposition(theta, phi, wires):
        return [qml.IsingXX(theta, wires=wires), qml.IsingYY(theta, wires=wires), qml.ControlledPhaseShift(phi, wires=wires)]   # -phi


dev = qml.device(device, wires=3)


@qml.qnode(dev, interface="torch", diff_method=method)
def energy(angles, phases):
    qml.PauliX(wires=0)
    for wire in range(3):
        qml.RY(angles[wire], wires=wire)
    FSim(angles[3], phases[0], wires=[0, 1])
    FSim(angles[4], phases[1], wires=[1, 2])
    return qml.expval(qml.PauliX(0) @ qml.PauliX(1) + qml.PauliY(1) @ qml.PauliX(2))


angles = torch.tensor([0.3, 0.8, 0.5, 0.7, 0.4], requires_grad=True)
phases = torch.tensor([0.6, 0.9], requires_grad=True)
opt = torch.optim.SGD([angles, phases], lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = energy(angles, phases)
    loss.backward()
    opt.step()
    print(step, loss.item())
