import sys

from . import part

print(__name__, __package__, __spec__.name, __file__, sys.argv, sys.path[0], part.name, sorted(globals()))
part.fail()
