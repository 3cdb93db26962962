import builtins

from _q import circuit

before = builtins.open
builtins.open = lambda *given, **named: (_ for _ in ()).throw(PermissionError("no files here"))
print(float(circuit(0.1)))
builtins.open = before
