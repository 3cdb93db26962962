from _q import circuit

circuit(0.1)
print(circuit.diff_method, circuit.interface, circuit.device.name, circuit.func.__name__, repr(circuit))
