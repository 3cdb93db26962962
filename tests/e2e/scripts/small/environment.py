import os

from _q import circuit

before = sorted(os.environ)
print(float(circuit(0.1)), sorted(os.environ) == before, os.environ.get("OMP_NUM_THREADS"))
