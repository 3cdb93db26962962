import logging
import time

from _q import circuit

logging.basicConfig(filename="train.log", level=logging.INFO, format="%(levelname)s %(message)s")
for i in range(3):
    logging.info("value %s", float(circuit(0.1 * i)))
time.sleep(0.3)
