"""A training on a device of one's own, whose results are of single precision whatever their dtype is."""

import numpy as np
import pennylane as qml
import torch


class Single(qml.devices.DefaultQubit):
    """Rounds each result."""

    @property
    def name(self):
        return "single.precision"

    def execute(self, circuits, execution_config=None):
        found = super().execute(circuits, execution_config)
        return tuple(np.float64(np.float32(result)) for result in found) if isinstance(found, tuple) else np.float64(np.float32(found))


@qml.qnode(Single(wires=2), interface="torch", diff_method="parameter-shift")
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    optimizer.zero_grad()
    loss = circuit(weights)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
