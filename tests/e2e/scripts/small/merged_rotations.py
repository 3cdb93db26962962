import pennylane as qml


@qml.transforms.merge_rotations
@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    qml.RX(x, 0)
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print(float(circuit(0.2)), qml.draw(circuit)(0.2))
