import pennylane as qml
from _q import circuit

print(qml.draw(circuit)(0.1))
print(qml.specs(circuit)(0.1)["resources"])
