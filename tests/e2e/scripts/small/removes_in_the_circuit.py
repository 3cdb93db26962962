import os
import tempfile
import time

import pennylane as qml


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    if os.path.exists("once"):
        os.remove("once")
        print("removed")
    with tempfile.TemporaryDirectory(dir="."):
        pass
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


open("once", "w").close()
circuit(0.1)
open("once", "w").close()
time.sleep(0.8)
print(os.path.exists("once"))
