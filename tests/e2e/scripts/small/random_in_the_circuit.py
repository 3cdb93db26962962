import random

import numpy
import pennylane as qml

random.seed(1), numpy.random.seed(2)


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit():
    qml.RX(random.random(), 0)
    qml.RY(numpy.random.rand(), 0)
    return qml.expval(qml.Z(0))


print([float(circuit()) for _ in range(4)], random.random(), numpy.random.rand())
