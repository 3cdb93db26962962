import time

from _q import circuit

time.time = lambda: 0.0
time.monotonic = lambda: 0.0
print(float(circuit(0.1)), time.time())
