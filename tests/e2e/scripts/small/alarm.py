import signal
import time

from _q import circuit


def ring(number, frame):
    raise TimeoutError("too long")


signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    while True:
        circuit(0.3)
        time.sleep(0.01)
except TimeoutError as error:
    print(error)
