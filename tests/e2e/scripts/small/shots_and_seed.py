import pennylane as qml

device = qml.device("default.qubit", wires=1, shots=50, seed=7)


@qml.qnode(device)
def circuit(x):
    qml.RX(x, 0)
    return qml.sample(qml.Z(0))


print(circuit(0.7).sum(), circuit(0.7).sum())
