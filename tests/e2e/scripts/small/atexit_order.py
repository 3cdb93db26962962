import atexit

from _q import circuit

atexit.register(lambda: print("last", float(circuit(0.5))))
atexit.register(lambda: print("first"))
print(float(circuit(0.3)))
