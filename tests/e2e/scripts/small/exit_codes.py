import sys

from _q import circuit

circuit(0.3)
sys.exit(17)
