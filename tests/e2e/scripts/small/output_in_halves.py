import sys

from _q import circuit

sys.stdout.write("half a line ")
circuit(0.1)
sys.stderr.write("an error\n")
sys.stdout.write("the other half")
