import subprocess
import time

import pennylane as qml


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    subprocess.run(["sh", "-c", "echo ran >> log"], check=True)
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


circuit(0.1)
time.sleep(0.8)
print(open("log").read())
