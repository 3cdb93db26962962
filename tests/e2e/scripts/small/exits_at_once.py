import os

from _q import circuit

print(float(circuit(0.3)), flush=True)
os._exit(5)
