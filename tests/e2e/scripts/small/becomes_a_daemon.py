import os
import time

from _q import circuit

print(float(circuit(0.1)), flush=True)
if os.fork() > 0:
    time.sleep(0.8)
    os._exit(0)
os.setsid()
os.closerange(3, 256)
with open("daemon", "w") as file:
    file.write(str(float(circuit(0.2))))
os._exit(0)
