import pennylane as qml
from _q import circuit, weight

with qml.Tracker(circuit.device) as tracker:
    circuit(weight()).backward()
print(tracker.totals)
