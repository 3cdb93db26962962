import mmap
import time

import pennylane as qml

open("mapped", "wb").write(bytes(4096))
file = open("mapped", "r+b")
mapped = mmap.mmap(file.fileno(), 0)


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    mapped[0] += 1
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print(circuit(0.1), circuit(0.2))
time.sleep(0.8)
print(mapped[0])
