import multiprocessing

from _q import circuit

context = multiprocessing.get_context("fork")


def work(queue):
    queue.put(float(circuit(0.2)))


if __name__ == "__main__":
    queue = context.Queue()
    print(float(circuit(0.1)))
    process = context.Process(target=work, args=(queue,))
    process.start()
    print(queue.get(timeout=20))
    process.join()
    print(process.exitcode)
