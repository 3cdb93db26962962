"""Ten structures of circuit, called in turns: ``ten_structures.py CALLS METHOD QUBITS`` takes the gradient of each call."""

import sys

import pennylane as qml
import torch

calls, method = int(sys.argv[1]), sys.argv[2]
wires = int(sys.argv[3]) if len(sys.argv) > 3 else 4
device = qml.device("default.qubit", wires=wires)
torch.manual_seed(0)


def model(layers):
    @qml.qnode(device, interface="torch", diff_method=method)
    def circuit(weights):
        for layer in range(layers):
            for wire in range(wires):
                qml.RY(weights[layer, wire], wires=wire)
            for wire in range(wires - 1):
                qml.CNOT(wires=[wire, wire + 1])
        return qml.expval(qml.PauliZ(0))

    return circuit


models = [model(1 + number) for number in range(10)]
weights = [torch.rand(1 + number, wires, dtype=torch.float64, requires_grad=True) for number in range(10)]
optimiser = torch.optim.SGD(weights, lr=0.01)
for number in range(calls):
    optimiser.zero_grad()
    models[number % 10](weights[number % 10]).backward()
    optimiser.step()
