import pennylane as qml


def make(name):
    def circuit(x):
        qml.RX(x, 0)
        return qml.expval(qml.Z(0))

    circuit.__name__ = name
    return qml.QNode(circuit, qml.device("default.qubit", wires=1))


for name in ("[bold]", "a" * 300, "line\nbreak", "‮", "<script>", "%s{}"):
    print(float(make(name)(0.1)))
