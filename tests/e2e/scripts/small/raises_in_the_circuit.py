import pennylane as qml


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    raise ValueError("not today")


circuit(0.1)
