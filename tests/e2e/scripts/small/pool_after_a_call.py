import multiprocessing

from _q import circuit


def work(x):
    return float(circuit(x))


if __name__ == "__main__":
    print(work(0.4))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(work, [0.1, 0.2, 0.3]))
