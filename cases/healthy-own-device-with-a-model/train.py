"""Train on a device of our own: a simulator whose readout loses contrast."""
import torch
import pennylane as qml


class Readout:
    """How much of each expectation value is left."""

    def __init__(self, contrast):
        self.contrast = contrast


class DimQubit(qml.devices.DefaultQubit):
    """``default.qubit`` behind a readout."""

    def __init__(self, wires, readout):
        super().__init__(wires=wires)
        self._readout = readout

    def execute(self, circuits, execution_config=None):
        return self._dim(super().execute(circuits, execution_config))

    def execute_and_compute_derivatives(self, circuits, execution_config=None):
        results, jacobians = super().execute_and_compute_derivatives(circuits, execution_config)
        return self._dim(results), [[self._readout.contrast * slope for slope in jacobian] for jacobian in jacobians]

    def _dim(self, results):
        return tuple(qml.math.multiply(self._readout.contrast, result) for result in results)


dev = DimQubit(2, Readout(0.8))


@qml.qnode(dev, interface="torch", diff_method="adjoint")
def circuit(weights):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
opt = torch.optim.SGD([weights], lr=0.1)
for step in range(2):
    opt.zero_grad()
    loss = circuit(weights)
    loss.backward()
    opt.step()
    print(step, loss.item(), weights.grad.tolist())
