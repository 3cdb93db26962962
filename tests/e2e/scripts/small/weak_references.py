import gc
import weakref

import pennylane as qml


def make():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    return circuit


circuit = make()
print(float(circuit(0.1)))
weakref.finalize(circuit, print, "the QNode is gone")
del circuit
gc.collect()
print("end")
