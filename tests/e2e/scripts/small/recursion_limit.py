import sys

from _q import circuit

sys.setrecursionlimit(2000)
print(float(circuit(0.1)), sys.getrecursionlimit())
