from _q import circuit

try:
    circuit(0.3)
    raise KeyboardInterrupt
except KeyboardInterrupt:
    print("stopped early")
