"""A sparse Hamiltonian under lightning's adjoint, on all wires of the device."""
import sys
import numpy as np
import pennylane as qml
import scipy.sparse
import torch

device = sys.argv[1] if len(sys.argv) > 1 else "lightning.qubit"
method = sys.argv[2] if len(sys.argv) > 2 else "adjoint"


@qml.qnode(qml.device(device, wires=2), diff_method=method)
def circuit(weights):
    matrix = scipy.sparse.csr_matrix(np.kron([[0, 1], [1, 0]], np.diag([1, -1])).astype(complex))
    qml.RX(weights[0], wires=0)
    qml.CRY(weights[1], wires=[0, 1])
    return qml.expval(qml.SparseHamiltonian(matrix, wires=[0, 1]))


weights = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = (circuit(weights) - 0.2) ** 2
    loss.backward()
    optimizer.step()
    print(step, loss.item(), weights.grad.tolist())
