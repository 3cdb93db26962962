"""Prints everything about itself that a script can ask for."""
import os
import sys

print(__name__, __file__, __doc__, __package__, __spec__, type(__loader__).__name__, getattr(__loader__, "path", None))
print(sorted(globals()), type(__builtins__).__name__)
print(sys.argv, sys.path[0], os.getcwd(), sys.modules["__main__"].__dict__ is globals())
print(getattr(sys, "orig_argv", [0])[-len(sys.argv):], sys.flags, sys.executable)
print(sorted(name for name in sys.modules if not name.startswith(("qdiag", "__future__"))))
print([type(finder).__name__ for finder in sys.meta_path if "qdiag" not in type(finder).__module__], sys.warnoptions)
print(sys.stdin.read())
