import os

from _q import circuit

os.mkdir("elsewhere")
os.chdir("elsewhere")
print(float(circuit(0.1)))
open("here", "w").write("here")
