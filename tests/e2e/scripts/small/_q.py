"""A QNode that is cheap, as many of the scripts here use one."""
import pennylane as qml
import torch


@qml.qnode(qml.device("default.qubit", wires=1), interface="torch", diff_method="backprop")
def circuit(x):
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


def weight(value=0.3):
    return torch.tensor(value, requires_grad=True)
