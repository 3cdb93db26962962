import time

import numpy
import pennylane as qml

log = numpy.memmap("log.dat", dtype="f8", mode="w+", shape=(8,))


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    log[0] += 1
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


for i in range(4):
    circuit(0.1 * i)
time.sleep(0.8)
print(log[0])
