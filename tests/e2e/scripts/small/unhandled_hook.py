import sys

from _q import circuit


def hook(kind, error, trace):
    names = []
    while trace is not None:
        names.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    print(kind.__name__, error, names[-1])


sys.excepthook = hook
circuit(0.1)
raise RuntimeError("for the hook")
