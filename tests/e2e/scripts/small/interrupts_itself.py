import os
import signal

from _q import circuit

print(float(circuit(0.3)), flush=True)
os.kill(os.getpid(), signal.SIGINT)
