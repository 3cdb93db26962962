import traceback


def inner(n):
    if n == 0:
        raise KeyError("innermost")
    inner(n - 1)


def outer():
    try:
        inner(2)
    except KeyError as error:
        raise RuntimeError("outer") from error


try:
    outer()
except RuntimeError:
    traceback.print_exc()
print("so far", flush=True)
outer()
