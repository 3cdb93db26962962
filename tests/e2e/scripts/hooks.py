import atexit
import sys
import threading
import time

atexit.register(print, "first registered, last to run")
atexit.register(print, "second registered")


def hook(kind, error, traceback):
    depth = 0
    while traceback is not None:
        print(traceback.tb_frame.f_code.co_name, traceback.tb_lineno, traceback.tb_frame.f_code.co_filename)
        traceback = traceback.tb_next
        depth += 1
    print("my own hook:", kind.__name__, error, depth)


sys.excepthook = hook


def work():
    time.sleep(0.2)
    print("the thread outlives the main program")


threading.Thread(target=work).start()
failing = threading.Thread(target=lambda: 1 / 0)
failing.start()
failing.join()
raise LookupError("caught by the hook")
