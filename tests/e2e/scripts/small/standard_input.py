import sys

from _q import circuit

print(float(circuit(0.1)), sys.stdin.read())
