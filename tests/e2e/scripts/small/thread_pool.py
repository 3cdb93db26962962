from concurrent.futures import ThreadPoolExecutor

from _q import circuit

with ThreadPoolExecutor(1) as pool:
    print([float(value) for value in pool.map(circuit, [0.1, 0.2, 0.3])])
