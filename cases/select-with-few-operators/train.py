"""Select with fewer operators than its control wires could choose, taken apart by the rules of PennyLane's graph."""
import sys
from functools import partial

import pennylane as qml
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "default.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "backprop"
torch.manual_seed(9)
torch.set_default_dtype(torch.float64)
qml.decomposition.enable_graph()

GATES = {"RX", "RY", "RZ", "CNOT", "Hadamard", "GlobalPhase", "X", "Toffoli", "PhaseShift", "S", "T", "TemporaryAND"}
GATES |= {"Adjoint(S)", "Adjoint(T)", "Adjoint(TemporaryAND)"}
dev = qml.device(device, wires=9)


@partial(qml.transforms.decompose, gate_set=GATES)
@qml.qnode(dev, interface="torch", diff_method=method)
def overlap(w):
    for wire in range(4):
        qml.RY(w[wire], wires=wire)
    qml.Hadamard(wires=4)
    chosen = [qml.RX(0.4, wires=4), qml.RY(0.9, wires=4), qml.RZ(0.3, wires=4)]
    qml.Select(chosen, control=[0, 1, 2, 3], work_wires=[5, 6, 7], partial=False)
    for wire in range(4):
        qml.RY(0.3, wires=wire)
    return qml.expval(qml.X(4) @ qml.Z(0))


w = (torch.rand(4) + 0.3).requires_grad_(True)
opt = torch.optim.SGD([w], lr=0.1)
for step in range(3):
    opt.zero_grad()
    loss = overlap(w)
    loss.backward()
    opt.step()
    print(step, loss.item())
