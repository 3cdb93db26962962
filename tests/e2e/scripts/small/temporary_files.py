import os
import tempfile

from _q import circuit

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "value")
    open(path, "w").write(str(float(circuit(0.1))))
    print(open(path).read())
print(os.path.exists(folder))
