import os
import signal
import sys

how = sys.argv[1]
print("before", how, flush=True)
if how == "number":
    sys.exit(7)
if how == "text":
    sys.exit("a text goes to stderr")
if how == "nothing":
    sys.exit()
if how == "tuple":
    sys.exit((1, 2))
if how == "large":
    sys.exit(1000)
if how == "raise":
    raise SystemExit(3)
if how == "os":
    os._exit(9)
if how == "interrupt":
    raise KeyboardInterrupt
if how == "signal":
    os.kill(os.getpid(), signal.SIGINT)
if how == "term":
    os.kill(os.getpid(), signal.SIGTERM)
if how == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "abort":
    os.abort()
if how == "base":
    raise BaseException("no Exception")
if how == "recursion":
    def again():
        again()
    try:
        again()
    except RecursionError as error:
        print(error)
if how == "exit-in-atexit":
    import atexit
    atexit.register(lambda: sys.exit(5))
if how == "closed":
    sys.stdout.close()
if how == "import":
    pass
if how == "group":
    raise ValueError("x\ny") from OSError(2, "no")
