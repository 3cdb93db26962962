import pennylane as qml


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    with open("log", "a") as file:
        file.write(f"{x}\n")
    with open("last", "w") as file:
        file.write(f"{x}\n")
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print([float(circuit(0.1 * i)) for i in range(3)])
import time

time.sleep(0.5)
