"""Scripts whose recording is measured: one for each kind that recording could weigh on. The loop of each says what it took."""

from __future__ import annotations

_TIMED = '''
import os, resource, sys, time


def spent():
    """Processor seconds of this process and of the copies that it has waited for."""
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + waited.ru_utime + waited.ru_stime


def say(begun):
    """What the loop took, and how much memory the process has come to, for whoever measures."""
    path = os.environ.get("LOOP")
    if path:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(path, "w") as file:
            file.write(f"{spent() - begun} {peak}")


'''

SIX_QUBITS = (
    _TIMED
    + """
import pennylane as qml
import torch

torch.manual_seed(0)
dev = qml.device("default.qubit", wires=6)


@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(inputs, weights):
    for i in range(6):
        qml.RX(inputs[..., i], wires=i)
    for layer in weights:
        for i in range(6):
            qml.RY(layer[i], wires=i)
        for i in range(5):
            qml.CNOT(wires=[i, i + 1])
    return [qml.expval(qml.PauliZ(i)) for i in range(6)]


layer = qml.qnn.TorchLayer(circuit, {"weights": (9, 6)})
optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
x, y = torch.rand(100, 5, 6), torch.rand(100, 5, 6)
begun = spent()
for step in range(100):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(layer(x[step]), y[step])
    loss.backward()
    optimizer.step()
say(begun)
print(loss.item())
"""
)

CHEAP = (
    _TIMED
    + """
import pennylane as qml

calls = int(sys.argv[1])
dev = qml.device("default.qubit", wires=2)


@qml.qnode(dev)
def circuit(x, y):
    qml.RX(x, wires=0)
    qml.RY(y, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


circuit(0.1, 0.2)
begun = spent()
for number in range(calls):
    result = circuit(0.001 * number, 0.2)
say(begun)
print(result)
"""
)

FIFTY_QNODES = (
    _TIMED
    + """
import pennylane as qml
import torch


def made(k):
    def circuit(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=1)
        qml.CNOT(wires=[0, 1])
        qml.RZ(w[1], wires=k % 2)
        return qml.expval(qml.PauliZ(1))

    return qml.QNode(circuit, qml.device("default.qubit", wires=2), interface="torch")


torch.manual_seed(0)
qnodes = [made(k) for k in range(50)]
weights = torch.rand(50, 2, requires_grad=True)
optimizer = torch.optim.SGD([weights], lr=0.1)
made(0)(torch.tensor(0.1), weights[0].detach())
begun = spent()
for step in range(10):
    optimizer.zero_grad()
    loss = sum(qnode(torch.tensor(0.1 * step), weights[k]) for k, qnode in enumerate(qnodes))
    loss.backward()
    optimizer.step()
say(begun)
print(loss.item())
"""
)

STRUCTURES = (
    _TIMED
    + """
import pennylane as qml

dev = qml.device("default.qubit", wires=4)


@qml.qnode(dev)
def circuit(x, code):
    for place in range(11):
        qml.RX(x, wires=place % 4)
        (qml.Hadamard, qml.PauliX)[code >> place & 1](wires=place % 4)
    return qml.expval(qml.PauliZ(0))


circuit(0.3, 0)
begun = spent()
for code in range(1, 2001):
    result = circuit(0.3, code)
say(begun)
print(result)
"""
)
