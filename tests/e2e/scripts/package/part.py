import sys

name = __name__


def fail():
    raise ArithmeticError("from a package")


if __name__ == "__main__":
    print(__name__, __package__, __file__, sys.argv, sys.path[0])
    fail()
