import numpy
import pennylane as qml

numpy.random.seed(5)
device = qml.device("default.qubit", wires=1, shots=50, seed="global")


@qml.qnode(device)
def circuit(x):
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print(circuit(0.7), circuit(0.7), numpy.random.rand())
