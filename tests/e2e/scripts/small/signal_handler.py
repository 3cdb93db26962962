import signal

from _q import circuit

signal.signal(signal.SIGCHLD, lambda number, frame: print("heard of a child"))
print(float(circuit(0.3)))
