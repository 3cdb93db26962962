import contextlib
import io

from _q import circuit

text = io.StringIO()
with contextlib.redirect_stdout(text):
    print(float(circuit(0.1)))
print(len(text.getvalue()))
