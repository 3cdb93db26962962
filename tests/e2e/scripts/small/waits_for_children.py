import os

from _q import circuit

child = os.fork()
if child == 0:
    os._exit(7)
print(float(circuit(0.3)))
print(os.wait()[1], end=" ")
try:
    os.wait()
except ChildProcessError as error:
    print(error)
