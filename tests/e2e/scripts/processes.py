import multiprocessing
import os
import pickle
import sys


class Thing:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value


def square(x):
    return x * x, __name__, multiprocessing.parent_process() is not None


def main():
    restored = pickle.loads(pickle.dumps(Thing(3)))
    print(type(restored).__module__, restored == Thing(3), pickle.dumps(Thing(3)))
    for method in sys.argv[1:]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(4)))
    if hasattr(os, "fork"):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print("in the child", flush=True)
            sys.exit(4)
        print("child ended with", os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
else:
    assert __name__ == "__mp_main__"
