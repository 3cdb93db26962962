import os
import sys

from _q import circuit

print(float(circuit(0.1)), flush=True)
os.execv(sys.executable, [sys.executable, "-c", "print('another')"])
