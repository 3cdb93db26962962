import pennylane as qml
from _q import circuit

with qml.queuing.AnnotatedQueue() as queue:
    qml.RX(0.1, 0)
print(len(queue), float(circuit(0.1)), qml.QueuingManager.recording())
