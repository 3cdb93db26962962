import multiprocessing
import time

import pennylane as qml

counter = multiprocessing.Value("i", 0)


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    with counter.get_lock():
        counter.value += 1
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print(circuit(0.1), circuit(0.2))
time.sleep(0.8)
print(counter.value)
