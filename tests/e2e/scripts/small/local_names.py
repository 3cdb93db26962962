from _q import circuit

print(sorted(name for name in globals() if not name.startswith("__")), __name__, __file__)
print(circuit(0.1))
