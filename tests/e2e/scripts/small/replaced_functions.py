import hashlib
import json

from _q import circuit

json.dumps = lambda *given, **named: "mine"
hashlib.sha256 = None
print([float(circuit(0.1 * i)) for i in range(3)], json.dumps([]))
